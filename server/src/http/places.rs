//! Room for connections. There is so much of it, and nobody alone takes all of it: whoever opens connections and says
//! nothing keeps others out no more than himself.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use crate::app::trusted_proxies::TrustedProxies;

/// All places.
pub struct Places {
    room: Arc<Semaphore>,
    /// Most places for one source.
    share: usize,
    /// Many clients come from there, and from this machine.
    trusted: TrustedProxies,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// The place of a connection, until dropped.
pub struct Place {
    _room: OwnedSemaphorePermit,
    counted: Option<(Arc<Places>, IpAddr)>,
}

impl Places {
    /// So many, and half of them for one source.
    pub fn new(most: usize, trusted: TrustedProxies) -> Arc<Self> {
        Arc::new(Self {
            room: Arc::new(Semaphore::new(most)),
            share: most.div_ceil(2),
            trusted,
            taken: Mutex::default(),
        })
    }

    /// Waits until there is room for another connection.
    pub async fn room(&self) -> Result<OwnedSemaphorePermit, AcquireError> {
        Arc::clone(&self.room).acquire_owned().await
    }

    /// Gives it to a connection; nothing when its source has its share already.
    pub fn give(self: &Arc<Self>, room: OwnedSemaphorePermit, peer: IpAddr) -> Option<Place> {
        let peer = peer.to_canonical();
        if peer.is_loopback() || self.trusted.contains(peer) {
            return Some(Place {
                _room: room,
                counted: None,
            });
        }
        let source = source(peer);
        let mut taken = self.taken();
        let count = taken.entry(source).or_default();
        if *count >= self.share {
            return None;
        }
        *count += 1;
        drop(taken);
        Some(Place {
            _room: room,
            counted: Some((Arc::clone(self), source)),
        })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((places, source)) = &self.counted else {
            return;
        };
        let mut taken = places.taken();
        match taken.get_mut(source) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(taken.remove(source)),
        }
    }
}

/// Of IPv6 everybody has a network of addresses to himself.
fn source(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_alone_takes_all_places() {
        let places = Places::new(4, TrustedProxies::new(vec!["10.0.0.1".parse().unwrap()]));
        let take = async |peer: &str| {
            let room = tokio::time::timeout(std::time::Duration::ZERO, places.room()).await;
            places.give(room.ok()?.ok()?, peer.parse().unwrap())
        };
        for (greedy, same, other) in [
            ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
            ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"),
        ] {
            let first = take(greedy).await.unwrap();
            let _second = take(same).await.unwrap();
            assert!(take(greedy).await.is_none() && take(same).await.is_none());
            let _other = take(other).await.unwrap();
            drop(first);
            let _again = take(same).await.unwrap();
        }
        assert!(places.taken().is_empty());
        for many in ["127.0.0.1", "::1", "10.0.0.1"] {
            let mut all = Vec::new();
            while let Some(place) = take(many).await {
                all.push(place);
            }
            assert_eq!(all.len(), 4, "{many}");
        }
    }
}
