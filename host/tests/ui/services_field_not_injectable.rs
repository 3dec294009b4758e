use campanile_host::Inject;

struct Mailer;

#[derive(Inject)]
struct Worker {
    mailer: Mailer,
}

fn main() {}
