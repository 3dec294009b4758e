use campanile_host::ServiceCollection;

struct Mailer;

fn main() {
    ServiceCollection::new().add_singleton::<Mailer>();
}
