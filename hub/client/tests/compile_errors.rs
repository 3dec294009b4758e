//! The compile errors that users of typed connections can meet say what to write instead.

#[test]
fn compile_errors_say_what_to_write() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
