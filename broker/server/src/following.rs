//! Following the cluster's metadata: partitions and settings.

use std::sync::Arc;

use klamm_controller::MetadataImage;
use klamm_controller::settings::BrokerSettings;
use tracing::{error, info};

use crate::Broker;
use crate::partitions::RetiredDir;

/// Follows the metadata until the broker stops.
pub(crate) async fn follow(broker: Arc<Broker>) {
    let mut changed = broker.controller.subscribe();
    let mut restored = broker.plugin_library.restored();
    let stop = broker.stop.clone().requested();
    tokio::pin!(stop);
    loop {
        changed.mark_unchanged();
        restored.mark_unchanged();
        follow_once(&broker).await;
        tokio::select! {
            () = &mut stop => return,
            result = changed.changed() => if result.is_err() { return },
            result = restored.changed() => if result.is_err() { return },
        }
    }
}

/// Makes everything here what the newest image says.
async fn follow_once(broker: &Arc<Broker>) {
    let blocking = Arc::clone(broker);
    // Directories are made and logs are opened: nothing for a runtime's thread.
    match tokio::task::spawn_blocking(move || apply(&blocking, &blocking.controller.image())).await {
        Ok(retired) => remove_later(broker, retired),
        Err(failure) => {
            error!(%failure, "following the metadata failed; it is tried again with the next change");
        }
    }
}

/// Applies an image. Blocks.
pub(crate) fn apply(broker: &Broker, image: &MetadataImage) -> Vec<RetiredDir> {
    let settings = BrokerSettings::resolve(image.broker_layers(&broker.static_settings, broker.node_id));
    if *broker.settings() != settings {
        info!("broker settings changed");
        broker.settings.store(Arc::new(settings.clone()));
    }
    broker.quotas.follow(image.client_quotas());
    broker.partitions.reconcile(image, &settings).retired
}

/// Removes directories when their time has come. What the broker's end prevents is done at its next start.
pub(crate) fn remove_later(broker: &Arc<Broker>, retired: Vec<RetiredDir>) {
    for dir in retired {
        let broker = Arc::clone(broker);
        tokio::spawn(async move {
            tokio::select! {
                () = broker.stop.clone().requested() => return,
                () = tokio::time::sleep(dir.stays) => {}
            }
            let blocking = Arc::clone(&broker);
            let removed = tokio::task::spawn_blocking(move || blocking.partitions.remove(&dir)).await;
            if let Err(failure) = removed {
                error!(%failure, "removing a deleted partition failed");
            }
        });
    }
}
