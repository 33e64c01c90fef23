//! What goes on beside the load: metadata when the cluster has changed, a new producer id when one is
//! spoilt. One task of each kind at a time; a failure is asked again a little later, at the next
//! broker that is known.

use std::collections::HashMap;
use std::time::Duration;

use headwater_io::clock::Nanos;
use headwater_protocol::error_code::ErrorCode;

use super::IdentityTask;
use crate::client::cluster::Cluster;
use crate::client::control::{CallError, Control, Task};
use crate::client::identity;
use crate::client::setup::{self, SetupError};
use crate::producer::{Producer, Shop};
use crate::run::RunError;

const NOT_MORE_OFTEN_THAN: Duration = Duration::from_millis(100);

type MetadataTask = Task<Result<(ErrorCode, Cluster), CallError>>;

/// See the module.
#[derive(Default)]
pub struct SideTasks {
    metadata: Option<MetadataTask>,
    identities: HashMap<usize, IdentityTask>,
    not_before: Nanos,
    attempts: usize,
}

impl SideTasks {
    /// Starts what is needed and takes in what has come.
    pub fn run(
        &mut self,
        shop: &mut Shop,
        control: &Control,
        bootstrap: &str,
        producers: &mut [Producer],
        now: Nanos,
    ) -> Result<(), RunError> {
        self.refresh(shop, control, bootstrap, producers, now);
        self.renew(shop, control, bootstrap, producers, now)
    }

    fn refresh(
        &mut self,
        shop: &mut Shop,
        control: &Control,
        bootstrap: &str,
        producers: &mut [Producer],
        now: Nanos,
    ) {
        if shop.cluster_is_stale && self.metadata.is_none() && now >= self.not_before {
            self.not_before = now.after(NOT_MORE_OFTEN_THAN);
            shop.cluster_is_stale = false;
            let address = self.next_address(shop, bootstrap);
            let (control, name) = (control.clone(), shop.spec.topic.clone());
            let mut cluster = shop.cluster.clone();
            self.metadata = Some(Task::new(async move {
                let code = setup::metadata(&control, &address, &name, &mut cluster).await?;
                Ok((code, cluster))
            }));
        }
        match self.metadata.as_mut().and_then(Task::poll) {
            None => return,
            Some(Ok((ErrorCode::None, cluster))) => {
                shop.cluster_is_stale = !cluster.is_complete();
                if cluster != shop.cluster {
                    shop.cluster = cluster;
                    producers.iter_mut().for_each(|producer| producer.remap(shop));
                }
            }
            Some(_) => shop.cluster_is_stale = true,
        }
        self.metadata = None;
    }

    fn renew(
        &mut self,
        shop: &mut Shop,
        control: &Control,
        bootstrap: &str,
        producers: &mut [Producer],
        now: Nanos,
    ) -> Result<(), RunError> {
        for (index, producer) in producers.iter_mut().enumerate() {
            if !producer.wants_identity() {
                continue;
            }
            if !self.identities.contains_key(&index) && now >= self.not_before {
                let address = self.next_address(shop, bootstrap);
                let (control, id) = (control.clone(), shop.spec.transactional_id(index));
                let ask = async move { identity::register(&control, &address, id).await };
                self.identities.insert(index, Task::new(ask));
            }
            match self.identities.get_mut(&index).and_then(Task::poll) {
                None => continue,
                Some(Ok(registration)) => producer.begin_anew(shop, registration),
                Some(Err(SetupError::Call(_))) => self.not_before = now.after(NOT_MORE_OFTEN_THAN),
                Some(Err(e)) => return Err(RunError::Setup(e)),
            }
            self.identities.remove(&index);
        }
        Ok(())
    }

    fn next_address(&mut self, shop: &Shop, bootstrap: &str) -> String {
        self.attempts += 1;
        let known = shop.cluster.brokers();
        match self.attempts % (known + 1) {
            0 => bootstrap.to_owned(),
            n => shop.cluster.address(n - 1).to_owned(),
        }
    }
}
