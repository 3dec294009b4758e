//! Microsoft's JavaScript client in Chromium, against every feature of a hub.

use end_to_end::{Script, chromium, prove_over};

fn suite(test: &str, protocol: &str, transport: &str) {
    let Some(browser) = chromium(test) else {
        return;
    };
    let browser = browser.to_string_lossy();
    prove_over(
        &format!("@microsoft/signalr in Chromium, {protocol}"),
        transport,
        &mut Script::command("browser-suite.mjs", &[&browser, protocol, transport]),
    );
}

macro_rules! suites {
    ($($test:ident: $protocol:literal over $transport:literal;)+) => {$(
        #[test]
        fn $test() {
            suite(stringify!($test), $protocol, $transport);
        }
    )+};
}

suites! {
    in_chromium_in_json_over_web_sockets: "json" over "WebSockets";
    in_chromium_in_messagepack_over_web_sockets: "messagepack" over "WebSockets";
    in_chromium_in_json_over_server_sent_events: "json" over "ServerSentEvents";
    in_chromium_in_json_over_long_polling: "json" over "LongPolling";
    in_chromium_in_messagepack_over_long_polling: "messagepack" over "LongPolling";
}
