//! What server, command line and web must agree on.
//!
//! Two floors: [`model`] may be used by every layer; [`wire`] holds the shapes that travel over HTTP and is used
//! only by the server's HTTP layer, the command line and the web interface. Beside wire, [`import`] reads files for the
//! two that take them, the command line and the web interface. Compiles for the host and for WebAssembly, and does no
//! input or output.

pub mod import;
pub mod model;
pub mod wire;
