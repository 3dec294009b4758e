//! Microsoft's JavaScript clients under node, the current one and the one before it, against every feature of a hub.

use end_to_end::{Script, find, missing, prove_over};

fn suite(test: &str, package: &str, protocol: &str, transport: &str) {
    let node = find("node").is_some();
    let npm = find("npm").is_some();
    if missing(test, &[("node", node), ("npm", npm)]) {
        return;
    }
    prove_over(
        &format!("{package}, {protocol}"),
        transport,
        &mut Script::command("suite.mjs", &[package, protocol, transport]),
    );
}

macro_rules! suites {
    ($($test:ident: $package:literal $protocol:literal over $transport:literal;)+) => {$(
        #[test]
        fn $test() {
            suite(stringify!($test), $package, $protocol, $transport);
        }
    )+};
}

suites! {
    the_client_in_json_over_web_sockets: "@microsoft/signalr" "json" over "WebSockets";
    the_client_in_messagepack_over_web_sockets: "@microsoft/signalr" "messagepack" over "WebSockets";
    the_client_in_json_over_server_sent_events: "@microsoft/signalr" "json" over "ServerSentEvents";
    the_client_in_json_over_long_polling: "@microsoft/signalr" "json" over "LongPolling";
    the_client_in_messagepack_over_long_polling: "@microsoft/signalr" "messagepack" over "LongPolling";
    the_old_client_in_json_over_web_sockets: "@aspnet/signalr" "json" over "WebSockets";
    the_old_client_in_messagepack_over_web_sockets: "@aspnet/signalr" "messagepack" over "WebSockets";
    the_old_client_in_json_over_server_sent_events: "@aspnet/signalr" "json" over "ServerSentEvents";
    the_old_client_in_json_over_long_polling: "@aspnet/signalr" "json" over "LongPolling";
    the_old_client_in_messagepack_over_long_polling: "@aspnet/signalr" "messagepack" over "LongPolling";
}
