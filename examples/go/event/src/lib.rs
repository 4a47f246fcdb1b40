//! The messages between the probe and its loader, and the parts of the probe that need no kernel and so have tests.

#![no_std]

use probe_abi::{
    AnyBitPattern, Entry, Go, GoError, GoInt, GoInterface, GoSlice, GoString, Ptr, Return, c_void,
    go::Release,
};

/// `func (sh serverHandler) ServeHTTP(rw ResponseWriter, req *Request)`, of `net/http`. The receiver is a struct with one
/// pointer.
pub type ServeHttp<R> = Go<fn(Ptr<c_void>, GoInterface, Ptr<Request>), R>;

/// `func (c *Conn) Read(b []byte) (int, error)`, of `crypto/tls`.
pub type Read<R> = Go<fn(Ptr<c_void>, GoSlice<u8>) -> (GoInt, GoError), R>;

/// The start of `http.Request`, which is the same in all releases.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Request {
    pub method: GoString,
    pub url: Ptr<Url>,
}

/// The start of `url.URL`, which is the same in all releases.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Url {
    pub scheme: GoString,
    pub opaque: GoString,
    pub user: Ptr<c_void>,
    pub host: GoString,
    pub path: GoString,
}

// SAFETY: it has only words.
unsafe impl AnyBitPattern for Request {}
// SAFETY: the same.
unsafe impl AnyBitPattern for Url {}

/// The kind of an event.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A request has come: the event has its method and its path.
    Request = 1,
    /// The handler has returned.
    Served = 2,
    /// Bytes were read and decrypted.
    Read = 3,
}

/// How many bytes of a text are kept.
pub const TEXT: usize = 64;

/// An event, in the form that it has in the ring buffer.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Event {
    /// A [`Kind`].
    pub kind: u32,
    /// The kernel's number of the process.
    pub process: u32,
    /// The address of the goroutine's `g`: the same at a function's entry and at its return. 0 if no register has it:
    /// on x86, and on x86_64 in programs of go1.16 and older.
    pub goroutine: u64,
    /// The number of bytes in each text.
    pub method_length: u32,
    pub text_length: u32,
    pub method: [u8; 16],
    /// The path, or the bytes that were read.
    pub text: [u8; TEXT],
}

// An address has 32 or 64 bits, which depends on the machine.
#[allow(clippy::useless_conversion)]
impl Event {
    /// Records the request that a handler is called with.
    ///
    /// # Errors
    ///
    /// The error of a helper, a negative number: the request is not in memory.
    #[inline(always)]
    pub fn request<R: Release>(&mut self, call: &Entry<ServeHttp<R>>) -> Result<(), i32> {
        self.kind = Kind::Request as u32;
        self.goroutine = call.goroutine().map_or(0, |g| g.address().into());
        let request = call.read_arg::<2>()?.read_user()?;
        self.method_length = request.method.read_user(&mut self.method)? as u32;
        self.text_length = request.url.read_user()?.path.read_user(&mut self.text)? as u32;
        Ok(())
    }

    /// Records that a handler returns.
    #[inline(always)]
    pub fn served<R: Release>(&mut self, returned: &Return<ServeHttp<R>>) {
        self.kind = Kind::Served as u32;
        self.goroutine = returned.goroutine().map_or(0, |g| g.address().into());
    }

    /// Records the bytes that were read into a buffer. The buffer was found when the function was called.
    ///
    /// # Errors
    ///
    /// The error of a helper, a negative number: the buffer is not in memory any more.
    #[inline(always)]
    pub fn read<R: Release>(
        &mut self,
        buffer: GoSlice<u8>,
        returned: &Return<Read<R>>,
    ) -> Result<(), i32> {
        self.kind = Kind::Read as u32;
        self.goroutine = returned.goroutine().map_or(0, |g| g.address().into());
        let count = returned.read_result::<0>()?;
        // The bytes that were read are at the start of the buffer.
        let text = GoString {
            data: buffer.data,
            length: if count > 0 { count as _ } else { 0 },
        };
        self.text_length = text.read_user(&mut self.text)? as u32;
        Ok(())
    }
}

/// The buffer that a call of `Read` will fill.
///
/// # Errors
///
/// The error of a helper, a negative number.
#[inline(always)]
pub fn buffer<R: Release>(call: &Entry<Read<R>>) -> Result<GoSlice<u8>, i32> {
    call.read_arg::<1>()
}

#[cfg(test)]
mod tests {
    extern crate std;

    use core::mem::zeroed;

    use probe_abi::{
        go::{InRegisters, OnStack},
        testing,
    };

    use super::*;

    fn event() -> Event {
        // SAFETY: it has only integers.
        unsafe { zeroed() }
    }

    /// A request in memory.
    fn request(method: &str, path: &str) -> Ptr<Request> {
        let empty = testing::go_string("");
        let url = testing::user(Url {
            scheme: empty,
            opaque: empty,
            user: Ptr::default(),
            host: testing::go_string("example.org"),
            path: testing::go_string(path),
        });
        testing::user(Request {
            method: testing::go_string(method),
            url,
        })
    }

    fn keeps_method_and_path<R: Release>() {
        let writer = GoInterface {
            table: Ptr::default(),
            data: Ptr::default(),
        };
        let request = request("DELETE", "/shelves/17");
        let call = Entry::<ServeHttp<R>>::call((Ptr::default(), writer, request));
        let mut event = event();
        assert_eq!(event.request(&call), Ok(()));
        assert_eq!(&event.method[..event.method_length as usize], b"DELETE");
        assert_eq!(&event.text[..event.text_length as usize], b"/shelves/17");
    }

    fn keeps_what_was_read<R: Release>() {
        let data = testing::user(*b"secret, and what was there before").cast();
        let call = Entry::<Read<R>>::call((
            Ptr::default(),
            GoSlice {
                data,
                length: 33,
                capacity: 64,
            },
        ));
        let buffer = buffer(&call).unwrap();
        let nil = GoError {
            table: Ptr::default(),
            data: Ptr::default(),
        };
        for (count, kept) in [(6, &b"secret"[..]), (0, b""), (-1, b"")] {
            let returned = Return::<Read<R>>::returning((count, nil));
            let mut event = event();
            assert_eq!(event.read(buffer, &returned), Ok(()));
            assert_eq!(&event.text[..event.text_length as usize], kept);
        }
    }

    #[test]
    fn reads_in_registers() {
        keeps_method_and_path::<InRegisters>();
        keeps_what_was_read::<InRegisters>();
    }

    #[test]
    fn reads_on_the_stack() {
        keeps_method_and_path::<OnStack>();
        keeps_what_was_read::<OnStack>();
    }
}
