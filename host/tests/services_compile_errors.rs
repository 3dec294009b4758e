//! What the compiler says to a mistake says what to write instead.

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/ui/services_*.rs");
}
