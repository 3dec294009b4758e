use campanile_hub_client::{ClientError, HubConnection, hub_server};

#[hub_server]
trait Tower {
    async fn ring(&self, hour: u32) -> bool;
    async fn chime(&self, notes: impl Stream<Item = u32>);
}

struct NoTower;

async fn example(connection: HubConnection) -> Result<(), ClientError> {
    let tower = connection.hub::<dyn Tower>();
    let rung: String = tower.ring(12).await?;
    tower.ring("noon").await?;
    tower.silence().await?;
    tower.chime(futures_util::stream::iter(["do"])).await?;
    connection.hub::<NoTower>();
    Ok(())
}

fn main() {}
