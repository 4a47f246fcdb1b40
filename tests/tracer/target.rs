//! The program that the proofs in tests/tracer.rs trace. They know the values of every call.
//!
//! The functions take whole registers. The prototypes that the tracer gets say which C types the registers hold.

use std::{
    env,
    ffi::{CStr, CString, c_char, c_int, c_long, c_void},
    fs::File,
    hint::black_box,
    os::fd::AsRawFd,
    process::exit,
    ptr,
    sync::Barrier,
    thread,
};

unsafe extern "C" {
    fn mmap(
        at: *mut c_void,
        length: usize,
        access: c_int,
        flags: c_int,
        file: c_int,
        offset: c_long,
    ) -> *mut c_void;
    fn openat(folder: c_int, path: *const c_char, flags: c_int, ...) -> c_int;
}

macro_rules! functions {
    ($($name:ident($($argument:ident),*) = $returned:expr;)*) => { $(
        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $name($($argument: u64),*) -> u64 {
            black_box(($($argument),*));
            $returned
        }
    )* };
}

functions! {
    ten(a, b, c, d, e, f, g, h, i, j) = 0xfedc_ba98_7654_3210;
    narrow(a, b, c, d, e, f, g, h) = 0xdead_beef_cafe_8000;
    nothing() = 0xdead_beef_dead_beef;
    text(a, b, c, d) = address(c"what comes back");
    inner(a) = a + 1;
    outer(a) = inner(a) + inner(a + 10);
    down(a) = if a == 0 { 0 } else { down(a - 1) + a };
    leave(status) = exit(status as i32);
}

/// Calls a function such that the compiler cannot foresee anything about the call.
macro_rules! call {
    ($function:ident($($argument:expr),*)) => {
        black_box($function as extern "C" fn($(call!(@ $argument)),*) -> u64)($($argument),*)
    };
    (@ $argument:expr) => { u64 };
}

fn address(text: &CStr) -> u64 {
    // Read once, so that it is in memory: a probe does not load a page that is not.
    black_box(text.to_bytes().iter().fold(0_u8, |sum, byte| sum ^ byte));
    text.as_ptr().cast::<c_char>().expose_provenance() as u64
}

static ENTERED: Barrier = Barrier::new(2);
static BOTH_INSIDE: Barrier = Barrier::new(2);
static LEFT: Barrier = Barrier::new(2);

/// Called in two threads, such that neither call is inside the other: 1000 enters first and leaves first.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn meet(a: u64) -> u64 {
    if a == 1000 {
        ENTERED.wait();
        BOTH_INSIDE.wait();
    } else {
        BOTH_INSIDE.wait();
        LEFT.wait();
    }
    black_box(a * 2)
}

/// Opens, twice, a path whose page is not in memory before the first time. The path is the beginning of this program's
/// file.
fn open_twice() {
    let Ok(program) = File::open("/proc/self/exe") else {
        exit(1);
    };
    const PROT_READ: c_int = 1;
    const MAP_PRIVATE: c_int = 2;
    const AT_FDCWD: c_int = -100;
    // SAFETY: the mapping is a new one. It ends with the program. An ELF file begins with 8 bytes, of which the last is 0.
    unsafe {
        let mapped = mmap(
            ptr::null_mut(),
            4096,
            PROT_READ,
            MAP_PRIVATE,
            program.as_raw_fd(),
            0,
        );
        for _ in 0..2 {
            openat(AT_FDCWD, mapped.cast(), 0);
        }
    }
}

fn main() {
    if env::args().nth(1).as_deref() == Some("open-twice") {
        return open_twice();
    }

    let one = 0x0123_4567_89ab_cdef_u64;
    call!(ten(
        one,
        !0,
        2 << 40,
        3 << 40,
        4 << 40,
        5 << 40,
        6 << 40,
        7 << 40,
        8 << 40,
        9 << 40
    ));

    // The bits above those that count hold other values.
    let garbage = 0xdead_beef_dead_0000_u64;
    call!(narrow(
        garbage << 16 | 0xffff_fffe,
        garbage << 16 | 0xffff_fffe,
        garbage | 0x80,
        garbage | 0x80,
        garbage | 0x8000,
        garbage | 0x8000,
        garbage | 0x100,
        garbage | b'\'' as u64
    ));
    call!(nothing());

    let long = CString::new([b'x'; 300]).unwrap_or_default();
    call!(text(
        address(c"say \"hi\",\n\xe2\x82\xac\\"),
        address(&long),
        0,
        16
    ));

    call!(outer(100));
    call!(down(2));

    let other = thread::spawn(|| {
        ENTERED.wait();
        call!(meet(500))
    });
    call!(meet(1000));
    LEFT.wait();
    let _ = other.join();

    call!(leave(3));
}
