//! Databases of a real PostgreSQL, which whoever runs the tests names in `STRONGROOM_TEST_POSTGRES`, and a line to it that can
//! be cut.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result};
use postgres::config::Host;
use postgres::{Client, Config, NoTls};

/// The variable in which a server looks for the address of its database.
pub const VARIABLE: &str = "STRONGROOM_DATABASE_URL";

/// A database, which is removed when this is dropped.
#[derive(Debug)]
pub struct Database {
    name: String,
    config: Config,
}

impl Database {
    /// An empty one; nothing, and a word about it, where there is no PostgreSQL.
    pub fn new() -> Result<Option<Self>> {
        let Ok(connection) = std::env::var("STRONGROOM_TEST_POSTGRES") else {
            crate::say(format_args!(
                "skipped: STRONGROOM_TEST_POSTGRES names no PostgreSQL (host=… port=… user=… dbname=…)"
            ));
            return Ok(None);
        };
        Self::make(connection.parse()?, "").map(Some)
    }

    /// A further empty one.
    pub fn another(&self) -> Result<Self> {
        Self::make(self.config.clone(), "")
    }

    /// A copy of it as it is. Nobody may be connected to it.
    pub fn copy(&self) -> Result<Self> {
        Self::make(self.config.clone(), &format!(" TEMPLATE {}", self.name))
    }

    fn make(config: Config, template: &str) -> Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("e2e_{}_{number}", std::process::id());
        let mut client = config.connect(NoTls)?;
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
        client.batch_execute(&format!("CREATE DATABASE {name}{template}"))?;
        Ok(Self { name, config })
    }

    /// Its address.
    pub fn url(&self) -> Result<String> {
        Ok(self.url_at(self.server()?))
    }

    /// Its address by way of another one, such as that of a [`Line`]. The password means nothing, but must not be seen.
    pub fn url_at(&self, address: SocketAddr) -> String {
        let user = self.config.get_user().unwrap_or("postgres");
        format!(
            "postgres://{user}:database-canary@{address}/{}?sslmode=disable",
            self.name
        )
    }

    /// Where its server listens.
    pub fn server(&self) -> Result<SocketAddr> {
        let Some(Host::Tcp(host)) = self.config.get_hosts().first() else {
            anyhow::bail!("a PostgreSQL without an address");
        };
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        Ok(SocketAddr::new(host.parse()?, port))
    }

    /// A connection to it.
    pub fn client(&self) -> Result<Client> {
        let mut config = self.config.clone();
        Ok(config.dbname(&self.name).connect(NoTls)?)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let dropped = self.config.connect(NoTls).and_then(|mut client| {
            client.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name))
        });
        if let Err(error) = dropped {
            crate::say(format_args!("the database {} stays: {error}", self.name));
        }
    }
}

/// A line to a server that can be cut and mended.
#[derive(Debug)]
pub struct Line {
    /// Where it begins.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    cut: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Line {
    /// A line to a server. It lasts as long as the process.
    pub fn to(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let inside = Arc::clone(&shared);
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if inside.cut.load(Ordering::Acquire) {
                    continue;
                }
                let Ok(far) = TcpStream::connect(server) else {
                    continue;
                };
                // What cannot be joined is closed, as a broken line is.
                let _ = join(near, far, &inside);
            }
        });
        Ok(Self { address, shared })
    }

    /// Cuts it: what is under way breaks off, and nothing new gets through.
    pub fn cut(&self) {
        self.shared.cut.store(true, Ordering::Release);
        for stream in self.open().drain(..) {
            // It may have ended already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Mends it.
    pub fn mend(&self) {
        self.shared.cut.store(false, Ordering::Release);
    }

    fn open(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        self.shared.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn join(near: TcpStream, far: TcpStream, shared: &Shared) -> Result<()> {
    let mut open = shared.open.lock().unwrap_or_else(PoisonError::into_inner);
    open.push(near.try_clone()?);
    open.push(far.try_clone()?);
    for (mut from, mut to) in [(near.try_clone()?, far.try_clone()?), (far, near)] {
        thread::Builder::new()
            .spawn(move || {
                let mut buffer = [0; 16 * 1024];
                while let Ok(read @ 1..) = from.read(&mut buffer) {
                    if to.write_all(&buffer[..read]).is_err() {
                        break;
                    }
                }
                // Whoever reads at the other end learns of it; either may be gone.
                let _ = to.shutdown(Shutdown::Both);
            })
            .context("no thread")?;
    }
    Ok(())
}
