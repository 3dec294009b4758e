//! What the compiler says to who writes a hosted service that is none.

#[test]
fn messages_say_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("tests/hosting_ui/*.rs");
}
