//! The bindings of a machine: its C types and `pt_regs`, as clang sees them.
//!
//! probe-abi's build script calls this. [`Machine::bindings`] is the same text, as it is committed.
#![cfg(feature = "bindgen")]

use std::{
    cell::RefCell,
    panic::{self, AssertUnwindSafe},
    rc::Rc,
};

use bindgen::callbacks::{EnumVariantValue, ParseCallbacks};

use crate::{
    header,
    select::{Machine, Variant},
};

/// Why there are no bindings.
#[derive(Debug)]
pub enum Error {
    /// This libclang cannot be used at all, or not for this machine. The headers are right, and the committed bindings
    /// have the text that this libclang would have given.
    Libclang(String),
    /// The headers are wrong.
    Header(String),
}

/// Checks that bindgen finds a libclang.
pub fn libclang() -> Result<(), String> {
    quietly(bindgen::clang_version).map(drop)
}

/// The header that asks clang for the C types.
const CTYPES: &str = include_str!("../headers/ctypes.h");

/// The text of a machine's bindings.
///
/// `rust_version` is the oldest compiler that must accept the text.
pub fn generate(machine: &Machine, variant: &Variant, rust_version: &str) -> Result<String, Error> {
    let header = format!("{}.h", machine.name);
    let aliases = Rc::new(RefCell::new(String::new()));
    let rust_target = rust_version.parse().map_err(|_| {
        Error::Header(format!(
            "`{rust_version}` is no version of Rust that bindgen knows"
        ))
    })?;

    let generate = || {
        clang(variant)
            .header_contents("ctypes.h", CTYPES)
            .header_contents(&header, &header::pt_regs(machine))
            .allowlist_type("pt_regs")
            .ctypes_prefix("self")
            .derive_default(true)
            .use_core()
            .layout_tests(true)
            .rust_target(rust_target)
            .rust_edition(bindgen::RustEdition::Edition2024)
            // The default starts a process, rustfmt, that may not be installed.
            .formatter(bindgen::Formatter::Prettyplease)
            .disable_header_comment()
            .parse_callbacks(Box::new(Ctypes(Rc::clone(&aliases))))
            .generate()
    };
    let registers = match generated(generate) {
        Ok(bindings) => bindings.to_string(),
        // A libclang that fails on an empty header does not know the machine.
        Err(why) => {
            let nothing = || clang(variant).header_contents("empty.h", "").generate();
            return Err(match generated(nothing) {
                Ok(_) => Error::Header(why),
                Err(_) => Error::Libclang(format!("it does not know `{}`", variant.triple)),
            });
        }
    };

    let aliases = aliases.take();
    if !registers.contains("pub struct pt_regs {") {
        return Err(Error::Header(format!("no `struct pt_regs` in `{header}`")));
    }
    Ok(format!(
        "// Generated from headers/ctypes.h and headers/{}.h. `cargo xtask bless` rewrites it.\n\n\
         {aliases}\n{registers}",
        machine.name
    ))
}

/// A builder that sees the machine, and nothing of the computer that it runs on.
fn clang(variant: &Variant) -> bindgen::Builder {
    bindgen::builder()
        .clang_arg(format!("--target={}", variant.triple))
        .clang_arg("-nostdinc")
        // Without this flag libclang leaves out the headers' comments on the struct, which are its documentation.
        .clang_arg("-fparse-all-comments")
        .detect_include_paths(false)
}

fn generated(
    generate: impl FnOnce() -> Result<bindgen::Bindings, bindgen::BindgenError>,
) -> Result<bindgen::Bindings, String> {
    quietly(generate)?.map_err(|error| error.to_string())
}

/// Runs a function of bindgen, which panics if there is no libclang or an old one.
pub(crate) fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    panic::set_hook(hook);
    result.map_err(|panic| match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => panic
            .downcast_ref::<&str>()
            .copied()
            .unwrap_or("bindgen panicked")
            .to_owned(),
    })
}

/// Writes an alias for each enumerator of headers/ctypes.h.
#[derive(Debug)]
struct Ctypes(Rc<RefCell<String>>);

impl ParseCallbacks for Ctypes {
    fn enum_variant_name(
        &self,
        _enum_name: Option<&str>,
        name: &str,
        value: EnumVariantValue,
    ) -> Option<String> {
        let bits = match value {
            EnumVariantValue::Signed(bits) => bits,
            EnumVariantValue::Unsigned(bits) => bits as i64,
            EnumVariantValue::Boolean(_) => return None,
        };
        let (prefix, signedness) = if bits < 0 {
            ("i", "signed")
        } else {
            ("u", "unsigned")
        };
        let width = bits.unsigned_abs();
        *self.0.borrow_mut() +=
            &format!("/// {width} bits, {signedness}.\npub type {name} = {prefix}{width};\n");
        None
    }
}
