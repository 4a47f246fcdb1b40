//! Generates the types of a C header, as they lie in the memory of the machine that is traced.

use std::{collections::HashSet, env, error::Error, fs, panic, path::Path};

use syn::{
    Attribute, Ident, Item, ItemImpl, ItemStruct, Type, TypePath, parse_quote,
    visit_mut::{self, VisitMut},
};

const HEADER: &str = "include/transfer.h";
const TYPES: &str = "transfer";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={HEADER}");
    println!("cargo::rerun-if-env-changed=LIBCLANG_PATH");
    if let Err(error) = generate() {
        for line in error.to_string().lines() {
            println!("cargo::error={line}");
        }
    }
}

fn generate() -> Result<(), Box<dyn Error>> {
    // bindgen panics where there is none.
    panic::catch_unwind(bindgen::clang_version).map_err(|_| {
        "libclang was not found, and bindgen reads C with it: install it (Debian's `libclang1`, Fedora's \
         `clang-libs`), or set `LIBCLANG_PATH` to its folder"
    })?;
    let machine = told("CLANG_TARGET")?;
    let bindings = bindgen::builder()
        .header(HEADER)
        .allowlist_type(TYPES)
        .clang_arg(format!("--target={machine}"))
        .clang_arg("-nostdinc")
        .detect_include_paths(false)
        .ctypes_prefix("::probe_abi")
        .size_t_is_usize(false)
        .use_core()
        .derive_debug(false)
        .formatter(bindgen::Formatter::None)
        .generate()?;

    let mut types = syn::parse_file(&bindings.to_string())?;
    Pointers::among(&types).visit_file_mut(&mut types);
    if told("ARCH")? == "x86" {
        FourByteAlignment.visit_file_mut(&mut types);
    }
    Bools.visit_file_mut(&mut types);
    let readable: Vec<Item> = types.items.iter().filter_map(any_bit_pattern).collect();
    types.items.extend(readable);
    let path = Path::new(&env::var("OUT_DIR")?).join("types.rs");
    fs::write(path, prettyplease::unparse(&types))?;
    Ok(())
}

/// What probe-abi tells of the machine: bindgen's own choice would be the host, or BPF.
fn told(what: &str) -> Result<String, String> {
    let name = format!("DEP_PROBE_ABI_{what}");
    env::var(&name).map_err(|_| {
        format!("`{name}` is not set: is probe-abi among the dependencies in Cargo.toml?")
    })
}

/// Writes `::probe_abi::Ptr<T>` for `*const T` and `*mut T`. It is one to `c_void` where the types have
/// no `T`, and for a function, which a probe cannot call.
struct Pointers {
    generated: HashSet<Ident>,
}

impl Pointers {
    fn among(types: &syn::File) -> Self {
        let names = types.items.iter().filter_map(|item| match item {
            Item::Enum(item) => Some(item.ident.clone()),
            Item::Struct(item) => Some(item.ident.clone()),
            Item::Type(item) => Some(item.ident.clone()),
            Item::Union(item) => Some(item.ident.clone()),
            _ => None,
        });
        Self {
            generated: names.collect(),
        }
    }

    fn is_missing(&self, ty: &Type) -> bool {
        match ty {
            Type::Path(TypePath { path, .. }) => path
                .get_ident()
                .is_some_and(|name| !self.generated.contains(name)),
            _ => false,
        }
    }
}

impl VisitMut for Pointers {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        visit_mut::visit_type_mut(self, ty);
        let to_nothing = parse_quote!(::probe_abi::Ptr<::probe_abi::c_void>);
        match ty {
            Type::Ptr(pointer) if self.is_missing(&pointer.elem) => *ty = to_nothing,
            Type::Ptr(pointer) => {
                let pointee = &pointer.elem;
                *ty = parse_quote!(::probe_abi::Ptr<#pointee>);
            }
            // `Option<unsafe extern "C" fn()>`
            Type::Path(path) if path.path.segments.iter().any(|part| part.ident == "Option") => {
                *ty = to_nothing;
            }
            _ => {}
        }
    }

    // bindgen's own functions are about the probe's memory.
    fn visit_item_impl_mut(&mut self, _: &mut ItemImpl) {}
}

/// Writes `u8` for `bool`: in traced memory it may have any value.
struct Bools;

impl VisitMut for Bools {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        visit_mut::visit_type_mut(self, ty);
        if matches!(ty, Type::Path(path) if path.path.is_ident("bool")) {
            *ty = parse_quote!(u8);
        }
    }

    // bindgen's own functions make one of a bit.
    fn visit_item_impl_mut(&mut self, _: &mut ItemImpl) {}
}

/// Of a struct or union: that any bytes are a value of it, which is what lets `Ptr::read_user` read it. Here they are:
/// it has integers, `Ptr`s and such types.
fn any_bit_pattern(item: &Item) -> Option<Item> {
    let (name, generics, attributes) = match item {
        Item::Struct(item) => (&item.ident, &item.generics, &item.attrs),
        Item::Union(item) => (&item.ident, &item.generics, &item.attrs),
        _ => return None,
    };
    let copy = parse_quote!(#[derive(Copy, Clone)]);
    // Those with parameters are bindgen's own. What ends with an array of any length is not copied.
    (generics.params.is_empty() && attributes.contains(&copy))
        .then(|| parse_quote!(unsafe impl ::probe_abi::AnyBitPattern for #name {}))
}

/// On x86, C aligns the 64-bit integers in a struct to 4 bytes, and Rust for BPF to 8.
struct FourByteAlignment;

impl VisitMut for FourByteAlignment {
    fn visit_attribute_mut(&mut self, attribute: &mut Attribute) {
        if *attribute == parse_quote!(#[repr(C)]) {
            *attribute = parse_quote!(#[repr(C, packed(4))]);
        }
    }

    fn visit_item_struct_mut(&mut self, item: &mut ItemStruct) {
        // Those with parameters are bindgen's own.
        if item.generics.params.is_empty() {
            visit_mut::visit_item_struct_mut(self, item);
        }
    }
}
