//! A file as the body of an answer, read as fast as the other side takes it.

use std::fs::File;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, ReadBuf};

/// Bytes read at a time.
const PART: usize = 64 * 1024;

/// A file of known size.
pub struct FileBody {
    file: tokio::fs::File,
    buffer: Vec<u8>,
    left: u64,
    /// Raised to how far into the file it is, and where that began.
    counted: Option<(Arc<AtomicU64>, u64)>,
}

impl FileBody {
    /// The next `size` bytes of a file.
    pub fn new(file: File, size: u64) -> Self {
        Self {
            file: tokio::fs::File::from_std(file),
            buffer: vec![0; PART],
            left: size,
            counted: None,
        }
    }

    /// The same, raising a count to the place in the file up to which bytes were handed out; this body begins at `from`.
    #[must_use]
    pub fn counting(mut self, count: Arc<AtomicU64>, from: u64) -> Self {
        self.counted = Some((count, from));
        self
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        let wanted = usize::try_from(this.left).map_or(PART, |left| left.min(PART));
        if wanted == 0 {
            return Poll::Ready(None);
        }
        let mut part = ReadBuf::new(&mut this.buffer[..wanted]);
        let read = ready!(Pin::new(&mut this.file).poll_read(cx, &mut part));
        let bytes = part.filled();
        Poll::Ready(Some(match read {
            Err(error) => Err(error),
            // The length was announced: to end early must not look like an end.
            Ok(()) if bytes.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(()) => {
                this.left -= bytes.len() as u64;
                if let Some((count, place)) = &mut this.counted {
                    *place += bytes.len() as u64;
                    count.fetch_max(*place, Ordering::Relaxed);
                }
                Ok(Frame::data(Bytes::copy_from_slice(bytes)))
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
