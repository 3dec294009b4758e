//! A new hosted service is one struct, and one line where the host is built.

use std::sync::{Arc, Mutex};

use campanile_host::{
    BoxError, CancellationToken, HostBuilder, HostEnvironment, HostedService, Inject,
    ServiceCollection,
};

/// What the services of the test say, in order.
#[derive(Default)]
struct Guestbook(Mutex<Vec<String>>);

impl Guestbook {
    fn write(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

#[derive(Inject)]
struct Greeter {
    environment: HostEnvironment,
    guestbook: Arc<Guestbook>,
}

impl HostedService for Greeter {
    async fn start(&self, _: CancellationToken) -> Result<(), BoxError> {
        self.guestbook.write(format!(
            "good morning, {}",
            self.environment.environment_name()
        ));
        Ok(())
    }

    async fn stop(&self, _: CancellationToken) -> Result<(), BoxError> {
        self.guestbook.write("good night".to_owned());
        Ok(())
    }
}

#[tokio::test]
async fn it_is_constructed_started_and_stopped() {
    let guestbook = Arc::new(Guestbook::default());
    let book = guestbook.clone();
    let host = HostBuilder::empty()
        .configure_services(|services: &mut ServiceCollection| {
            services.add_instance(book);
        })
        .add_hosted_service::<Greeter>()
        .build()
        .unwrap();
    host.start().await.unwrap();
    host.stop().await.unwrap();
    assert_eq!(
        *guestbook.0.lock().unwrap(),
        ["good morning, Production", "good night"]
    );
}
