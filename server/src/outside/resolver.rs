//! Host names to addresses, without the C library: a static binary that calls its `getaddrinfo` loads modules of whatever
//! C library the machine has.

use std::error::Error as StdError;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::outbound_guard::OutboundGuard;

/// Asks `/etc/hosts` and the name servers of `/etc/resolv.conf`. Without that file there is nobody to ask: no name server of
/// somebody else takes its place.
#[derive(Clone, Default)]
pub struct Resolver {
    /// Made at the first question, because it needs the runtime.
    asker: Arc<OnceLock<TokioResolver>>,
    guard: Option<Arc<OutboundGuard>>,
}

/// A name that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the name {0} could not be resolved")]
pub struct Unresolved(pub String);

impl Resolver {
    /// One that gives only addresses that a guard lets through.
    pub fn guarded(guard: Arc<OutboundGuard>) -> Self {
        Self {
            guard: Some(guard),
            ..Self::default()
        }
    }

    /// All addresses of a name, those that may be contacted.
    pub async fn lookup(&self, host: &str) -> Result<Vec<IpAddr>, Box<dyn StdError + Send + Sync>> {
        let addresses = if is_loopback_name(host) {
            vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
        } else {
            self.ask(host).await.map_err(|error| {
                tracing::debug!(%error, "a name was not resolved");
                Unresolved(host.to_owned())
            })?
        };
        match &self.guard {
            Some(guard) => Ok(guard.filter(host, addresses)?),
            None => Ok(addresses),
        }
    }

    async fn ask(&self, host: &str) -> Result<Vec<IpAddr>, NetError> {
        let asker = if let Some(asker) = self.asker.get() {
            asker
        } else {
            let made = asker()?;
            self.asker.get_or_init(|| made)
        };
        Ok(asker.lookup_ip(host).await?.iter().collect())
    }
}

fn asker() -> Result<TokioResolver, NetError> {
    let mut builder = TokioResolver::builder_tokio().unwrap_or_else(|error| {
        tracing::debug!(%error, "there is no /etc/resolv.conf that can be read");
        let nobody = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
        TokioResolver::builder_with_config(nobody, TokioRuntimeProvider::default())
    });
    builder.options_mut().ip_strategy = LookupIpStrategy::Ipv6AndIpv4;
    builder.build()
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let addresses = resolver.lookup(name.as_str()).await?;
            // The port of the address that is asked for takes the place of 0.
            let addresses = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// Whether a name means this machine, whatever a name server says or whether there is one (RFC 6761).
pub fn is_loopback_name(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost")
}
