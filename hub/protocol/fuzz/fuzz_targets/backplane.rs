//! What anybody may publish to the Redis of a farm: `cargo fuzz run -s none backplane`.
#![no_main]

use campanile_hub_protocol::HubProtocol;
use campanile_hub_protocol::backplane::{
    Acknowledgement, Announcement, Completion, GroupCommand, Invocation, PresenceAnswer, PresenceQuestion,
    write_completion, write_invocation,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Ok(read) = Invocation::read(input) {
        for (name, message) in &read.messages {
            if let Some(protocol) = HubProtocol::from_name(name)
                && let Ok(Some(frame)) = protocol.next_frame(message, None)
            {
                let _ = protocol.parse(frame.body);
            }
        }
        let excluded: Vec<Box<str>> = read.excluded.iter().map(|it| (*it).into()).collect();
        let messages = read.messages.iter().copied();
        let written = write_invocation(&excluded, messages, read.reply, read.notes);
        assert_eq!(Invocation::read(&written).as_ref(), Ok(&read));
    }
    if let Ok(read) = GroupCommand::read(input) {
        assert_eq!(GroupCommand::read(&read.write()).as_ref(), Ok(&read));
    }
    if let Ok(read) = Completion::read(input) {
        let written = write_completion(read.protocol, read.message);
        assert_eq!(Completion::read(&written).as_ref(), Ok(&read));
    }
    if let Ok(read) = Acknowledgement::read(input) {
        assert_eq!(Acknowledgement::read(&read.write()), Ok(read.clone()));
    }
    if let Ok(read) = Announcement::read(input) {
        assert_eq!(Announcement::read(&read.write()).as_ref(), Ok(&read));
    }
    if let Ok(read) = PresenceQuestion::read(input) {
        assert_eq!(PresenceQuestion::read(&read.write()).as_ref(), Ok(&read));
    }
    if let Ok(read) = PresenceAnswer::read(input) {
        assert_eq!(PresenceAnswer::read(&read.write()).as_ref(), Ok(&read));
    }
});
