//! An age plugin as other programs bring them, for tests: it wraps a file key with a key of its own, which stands in recipient
//! and identity alike. Without arguments it makes a new pair, as plugins do; with `short` one that it does not take itself.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read as _};

use age_core::format::{FileKey, Stanza};
use age_core::secrecy::ExposeSecret as _;
use age_plugin::{Callbacks, PluginHandler, identity, print_new_identity, recipient, run_state_machine};

const NAME: &str = "drawer";
/// So many bytes hide a file key; as many more say which key it was.
const HALF: usize = 16;

type Key = [u8; 2 * HALF];

/// The keys that were named so far.
#[derive(Default)]
struct Drawer {
    keys: Vec<Key>,
}

impl Drawer {
    fn take(&mut self, plugin: &str, bytes: &[u8]) -> Result<(), String> {
        let key = bytes.try_into().ok().filter(|_| plugin == NAME);
        self.keys.push(key.ok_or("this is no key of the drawer")?);
        Ok(())
    }
}

/// Hides a file key, and shows it again.
fn mixed(key: &Key, file_key: &[u8]) -> Vec<u8> {
    file_key
        .iter()
        .zip(key)
        .map(|(byte, other)| byte ^ other)
        .collect()
}

fn label(key: &Key) -> String {
    let number = key[HALF..]
        .iter()
        .fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    format!("{number:032x}")
}

impl PluginHandler for Drawer {
    type RecipientV1 = Self;
    type IdentityV1 = Self;

    fn recipient_v1(self) -> io::Result<Self> {
        Ok(self)
    }

    fn identity_v1(self) -> io::Result<Self> {
        Ok(self)
    }
}

impl recipient::RecipientPluginV1 for Drawer {
    fn add_recipient(&mut self, index: usize, plugin: &str, bytes: &[u8]) -> Result<(), recipient::Error> {
        self.take(plugin, bytes)
            .map_err(|message| recipient::Error::Recipient { index, message })
    }

    fn add_identity(&mut self, index: usize, plugin: &str, bytes: &[u8]) -> Result<(), recipient::Error> {
        self.take(plugin, bytes)
            .map_err(|message| recipient::Error::Identity { index, message })
    }

    fn labels(&mut self) -> HashSet<String> {
        HashSet::new()
    }

    fn wrap_file_keys(
        &mut self,
        file_keys: Vec<FileKey>,
        mut callbacks: impl Callbacks<recipient::Error>,
    ) -> io::Result<Result<Vec<Vec<Stanza>>, Vec<recipient::Error>>> {
        // Whether the message was shown does not matter.
        let _ = callbacks.message("Something is put into the drawer")?;
        let wrapped = |file_key: &FileKey| {
            self.keys
                .iter()
                .map(|key| Stanza {
                    tag: NAME.to_owned(),
                    args: vec![label(key)],
                    body: mixed(key, file_key.expose_secret()),
                })
                .collect()
        };
        Ok(Ok(file_keys.iter().map(wrapped).collect()))
    }
}

impl identity::IdentityPluginV1 for Drawer {
    fn add_identity(&mut self, index: usize, plugin: &str, bytes: &[u8]) -> Result<(), identity::Error> {
        self.take(plugin, bytes)
            .map_err(|message| identity::Error::Identity { index, message })
    }

    fn unwrap_file_keys(
        &mut self,
        files: Vec<Vec<Stanza>>,
        mut callbacks: impl Callbacks<identity::Error>,
    ) -> io::Result<HashMap<usize, Result<FileKey, Vec<identity::Error>>>> {
        let _ = callbacks.message("Something is taken out of the drawer")?;
        let mut opened = HashMap::new();
        for (number, stanzas) in files.iter().enumerate() {
            for (stanza, key) in stanzas
                .iter()
                .flat_map(|stanza| self.keys.iter().map(move |key| (stanza, key)))
            {
                if stanza.tag == NAME && stanza.args == [label(key)] && stanza.body.len() == HALF {
                    let shown = mixed(key, &stanza.body);
                    opened.insert(
                        number,
                        Ok(FileKey::init_with_mut(|file_key| {
                            file_key.copy_from_slice(&shown);
                        })),
                    );
                }
            }
        }
        Ok(opened)
    }
}

fn main() -> io::Result<()> {
    let argument = std::env::args().nth(1).unwrap_or_default();
    if let Some(state_machine) = argument.strip_prefix("--age-plugin=") {
        return run_state_machine(state_machine, Drawer::default());
    }
    let mut key = Key::default();
    File::open("/dev/urandom")?.read_exact(&mut key)?;
    let length = if argument == "short" { HALF } else { key.len() };
    print_new_identity(NAME, &key[..length], &key[..length]);
    Ok(())
}
