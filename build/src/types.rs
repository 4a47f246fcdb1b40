//! C types in the layout of the traced machine.

use std::{collections::HashSet, fs, path::PathBuf};

use bindgen::Builder;
use syn::{
    Attribute, Expr, ExprBinary, ExprIndex, ExprLit, File, FnArg, FnPtrVariadic, ForeignItem,
    ForeignItemFn, Ident, Item, ItemImpl, ItemStruct, ItemUnion, Lit, NamedArg, Pat, PatType, Type,
    TypeFnPtr, parse_quote,
    visit_mut::{self, VisitMut},
};

use crate::{
    Error, Selected,
    bindings::{libclang, quietly},
    btf::{self, Declarations},
    script,
};

/// Types that a probe reads in the memory of the traced machine: a program's structs, or the kernel's.
///
/// They become a Rust file, with bindgen's names:
///
/// * A pointer is a [`Ptr<T>`](https://docs.rs/probe-abi/latest/probe_abi/struct.Ptr.html), which has the machine's 4
///   or 8 bytes. A pointer to a function is a `Ptr<c_void>`.
/// * Integers are the machine's, with probe-abi's names: `c_long`, `size_t`.
/// * An `enum` is its integer, and its names are constants. It can be the type of a parameter in a prototype.
/// * On x86, 64-bit integers are aligned to 4 bytes: the structs are `packed(4)`. Read their fields, but do not borrow
///   them.
/// * A `_Bool` in a struct is a `u8`, because it may be neither 0 nor 1 in another program's memory.
/// * A struct that can be copied is `AnyBitPattern`: `Ptr::read_user` and `Ptr::read_kernel` read it. A struct that C
///   only declares is not `AnyBitPattern`.
/// * A function is the type of a pointer to it, for `Entry<User<…>>`. Its own pointers are `*const T`.
/// * Every layout is compared with C's when the probe is compiled.
///
/// ```no_run
/// # let machine = probe_abi_build::Machine::selected()?;
/// use probe_abi_build::Types;
///
/// Types::from_header("include/transfer.h").allow(["transfer"]).write(&machine, "types.rs")?;
/// # Ok::<(), probe_abi_build::Error>(())
/// ```
///
/// The probe includes the file:
///
/// ```text
/// #[allow(dead_code, nonstandard_style)]
/// mod types {
///     include!(concat!(env!("OUT_DIR"), "/types.rs"));
/// }
/// ```
///
/// They are the types of one header or one kernel. Nothing relocates them (CO-RE) when another kernel loads the probe.
#[must_use = "`write` generates them"]
pub struct Types {
    source: Source,
    types: Vec<String>,
    functions: Vec<String>,
    opaque: Vec<String>,
    includes: Vec<PathBuf>,
    configure: Vec<Box<dyn Fn(Builder) -> Builder>>,
}

enum Source {
    Header(PathBuf),
    Btf(PathBuf),
}

impl Types {
    fn of(source: Source) -> Self {
        Self {
            source,
            types: Vec::new(),
            functions: Vec::new(),
            opaque: Vec::new(),
            includes: Vec::new(),
            configure: Vec::new(),
        }
    }

    /// The types of a C header, or of a `vmlinux.h` that bpftool wrote. The path is relative to the package's folder.
    ///
    /// clang finds only the headers in the folders that [`include`](Self::include) names. It finds no other header of
    /// this computer, because those are not the machine's.
    pub fn from_header(path: impl Into<PathBuf>) -> Self {
        Self::of(Source::Header(path.into()))
    }

    /// The types of a file with BTF: `/sys/kernel/btf/…`, or an ELF file with a section `.BTF`. `bpftool`, or the
    /// program that the variable `BPFTOOL` names, reads it.
    pub fn from_btf(path: impl Into<PathBuf>) -> Self {
        Self::of(Source::Btf(path.into()))
    }

    /// The types of the kernel that runs on this computer. It must be a kernel of the machine that the build is for.
    pub fn from_running_kernel() -> Self {
        Self::from_btf(btf::RUNNING)
    }

    /// Adds types by their names in C, without `struct`. The types of their fields are added too. From a header, the
    /// types that they point to are also added. From a kernel, a type that they point to is only declared, unless you
    /// name it too.
    pub fn allow<Name: Into<String>>(mut self, names: impl IntoIterator<Item = Name>) -> Self {
        self.types.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds functions that the header declares, each as the type of a pointer to it, for `Entry<User<…>>` and
    /// `Entry<Kernel<…>>`. BTF in C has no functions.
    pub fn allow_functions<Name: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = Name>,
    ) -> Self {
        self.functions.extend(names.into_iter().map(Into::into));
        self
    }

    /// Leaves out the fields of types that Rust cannot lay out as C does: each becomes bytes of the right size.
    pub fn opaque<Name: Into<String>>(mut self, names: impl IntoIterator<Item = Name>) -> Self {
        self.opaque.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds a folder of headers, relative to the package's folder. A change in it runs the build script again.
    pub fn include(mut self, folder: impl Into<PathBuf>) -> Self {
        self.includes.push(folder.into());
        self
    }

    /// Changes bindgen's builder, for settings that have no method here: `|builder| builder.derive_default(true)`.
    /// bindgen is [`probe_abi_build::bindgen`](crate::bindgen).
    pub fn configure(mut self, builder: impl Fn(Builder) -> Builder + 'static) -> Self {
        self.configure.push(Box::new(builder));
        self
    }

    /// Writes the types to a file of that name in `OUT_DIR`.
    ///
    /// # Errors
    ///
    /// There is no libclang, the header cannot be read or does not compile, bpftool is missing, a type or function does
    /// not exist, or Rust cannot lay out a type.
    pub fn write(self, machine: &Selected, file: &str) -> Result<(), Error> {
        let text = self.generate(machine)?;
        script::write(&script::out_dir()?.join(file), &text)
    }

    /// The text that [`write`](Self::write) writes.
    ///
    /// # Errors
    ///
    /// The same as for [`write`](Self::write).
    pub fn generate(&self, machine: &Selected) -> Result<String, Error> {
        for name in ["LIBCLANG_PATH", "LLVM_CONFIG_PATH"] {
            println!("cargo::rerun-if-env-changed={name}");
        }
        libclang().map_err(|why| {
            Error::new(format_args!(
                "libclang was not found, and bindgen reads C with it: install it (Debian's `libclang1`, Fedora's \
                 `clang-libs`), or set `LIBCLANG_PATH` to its folder: {}",
                why.lines().next().unwrap_or_default()
            ))
        })?;
        if self.types.is_empty() && self.functions.is_empty() {
            return Err(Error::new(
                "no type is asked for: name some with `Types::allow`",
            ));
        }
        let source = self.source()?;
        let builder = source.builder(machine, |builder| self.builder(builder));
        let text = source.generate(machine, builder)?;
        let mut file = parsed(&text)?;
        self.missing(&file, &source, machine)?;
        Pointers.visit_file_mut(&mut file);
        Bools.visit_file_mut(&mut file);
        if machine.name() == "x86" {
            Packed.visit_file_mut(&mut file);
        }
        functions(&mut file);
        let readable: Vec<Item> = file.items.iter().filter_map(any_bit_pattern).collect();
        file.items.extend(readable);
        Layouts {
            machine: machine.name(),
        }
        .visit_file_mut(&mut file);
        let version = env!("CARGO_PKG_VERSION");
        file.items
            .push(parse_quote!(::probe_abi::generated_by!(#version);));
        Ok(prettyplease::unparse(&file))
    }

    /// The header in the form that bindgen gets.
    fn source(&self) -> Result<Header, Error> {
        let (path, text) = match &self.source {
            Source::Header(path) => {
                println!("cargo::rerun-if-changed={}", path.display());
                let text =
                    fs::read_to_string(path).map_err(|error| Error::cannot("read", path, error))?;
                (path.clone(), text)
            }
            Source::Btf(path) => {
                println!("cargo::rerun-if-changed={}", path.display());
                (path.clone(), btf::c_of(path)?)
            }
        };
        for folder in &self.includes {
            println!("cargo::rerun-if-changed={}", folder.display());
        }
        if !text.starts_with(btf::GUARD) {
            return Ok(Header { path, kernel: None });
        }
        let declarations = Declarations::of(&text);
        let wanted = self.types.iter().chain(&self.functions);
        let only = declarations.only(wanted.map(String::as_str));
        let names = declarations.names().map(str::to_owned).collect();
        let written = script::out_dir()?.join("probe-abi").join("kernel.h");
        script::write(&written, &only)?;
        Ok(Header {
            path: written,
            kernel: Some(KernelTypes { path, names }),
        })
    }

    fn builder(&self, mut builder: Builder) -> Builder {
        for name in &self.types {
            builder = builder.allowlist_type(exactly(name));
        }
        for name in &self.functions {
            builder = builder.allowlist_function(exactly(name));
        }
        for name in &self.opaque {
            builder = builder.opaque_type(exactly(name));
        }
        self.configured(builder)
    }

    /// Reports a type or function that does not exist, and a name that may be meant.
    fn missing(&self, file: &File, source: &Header, machine: &Selected) -> Result<(), Error> {
        let found = names(file);
        let wanted = self.types.iter().map(|name| ("type", name));
        let wanted = wanted.chain(self.functions.iter().map(|name| ("function", name)));
        let is_found = |name: &str| found.contains(&in_rust(name));
        let Some((what, name)) = wanted.into_iter().find(|(_, name)| !is_found(name)) else {
            return Ok(());
        };
        let shown = source.shown();
        let known: HashSet<String> = match &source.kernel {
            Some(kernel) => kernel.names.clone(),
            None => {
                let builder = source.builder(machine, |builder| self.configured(builder));
                names(&parsed(&source.generate(machine, builder)?)?)
            }
        };
        let nearest = known
            .iter()
            .map(|known| (strsim::osa_distance(name, known), known))
            .filter(|(distance, known)| distance * 3 <= known.len())
            .min();
        let mut sentence = format!("`{shown}` has no {what} `{name}`");
        match nearest {
            Some((_, nearest)) => sentence += &format!(": did you mean `{nearest}`?"),
            None if what == "function" && source.kernel.is_some() => {
                sentence +=
                    ": the C that bpftool writes has no functions, so write its prototype by hand";
            }
            None => {}
        }
        if name.contains(' ') {
            sentence += "; names are without `struct`, `union` and `enum`";
        }
        Err(Error::new(sentence))
    }

    /// A builder with the folders of headers and the settings of this value. It selects no type.
    fn configured(&self, builder: Builder) -> Builder {
        let builder = self.includes.iter().fold(builder, |builder, folder| {
            builder.clang_arg(format!("-I{}", folder.display()))
        });
        self.configure
            .iter()
            .fold(builder, |builder, change| change(builder))
    }
}

/// bindgen's name of a type or function: it puts a `_` after a Rust keyword.
fn in_rust(name: &str) -> String {
    let is_word = name
        .chars()
        .all(|letter| letter.is_alphanumeric() || letter == '_');
    match is_word && syn::parse_str::<Ident>(name).is_err() {
        true => format!("{name}_"),
        false => name.to_owned(),
    }
}

/// The name as a regular expression, because bindgen takes those.
fn exactly(name: &str) -> String {
    let name = in_rust(name);
    name.chars()
        .map(|letter| match letter.is_alphanumeric() || letter == '_' {
            true => letter.to_string(),
            false => format!("\\{letter}"),
        })
        .collect()
}

/// The input of bindgen.
struct Header {
    path: PathBuf,
    /// The kernel's types, if the header is a part of them.
    kernel: Option<KernelTypes>,
}

struct KernelTypes {
    /// The file that the types come from.
    path: PathBuf,
    names: HashSet<String>,
}

impl Header {
    fn shown(&self) -> String {
        let path = self
            .kernel
            .as_ref()
            .map_or(&self.path, |kernel| &kernel.path);
        path.display().to_string()
    }

    fn builder(&self, machine: &Selected, change: impl FnOnce(Builder) -> Builder) -> Builder {
        let oldest = env!("CARGO_PKG_RUST_VERSION").parse();
        let builder = bindgen::builder()
            .header(self.path.to_string_lossy())
            .clang_arg(format!("--target={}", machine.clang_target()))
            .clang_arg("-nostdinc")
            .clang_arg(format!("-D{}", machine.c_macro()))
            .detect_include_paths(false)
            .ctypes_prefix("::probe_abi")
            .size_t_is_usize(false)
            .use_core()
            .derive_debug(false)
            .layout_tests(true)
            .wrap_unsafe_ops(true)
            .rust_target(oldest.unwrap_or_default())
            .formatter(bindgen::Formatter::None);
        change(builder)
    }

    fn generate(&self, machine: &Selected, builder: Builder) -> Result<String, Error> {
        let generated = quietly(|| builder.generate());
        let why = match generated {
            Ok(Ok(bindings)) => return Ok(bindings.to_string()),
            Ok(Err(error)) => error.to_string(),
            Err(panic) => panic,
        };
        let mut sentence = format!(
            "`{}` does not compile for `{}`:\n{}",
            self.shown(),
            machine.name(),
            why.trim()
        );
        if why.contains("file not found") {
            sentence += "\nclang searches only the folders that `Types::include` names";
        }
        Err(Error::new(sentence))
    }
}

fn parsed(text: &str) -> Result<File, Error> {
    syn::parse_file(text)
        .map_err(|error| Error::new(format_args!("bindgen wrote no Rust: {error}")))
}

/// The names of types and functions.
fn names(file: &File) -> HashSet<String> {
    let mut names = HashSet::new();
    for item in &file.items {
        match item {
            Item::ForeignMod(block) => {
                names.extend(block.items.iter().filter_map(|item| match item {
                    ForeignItem::Fn(function) => Some(function.sig.ident.to_string()),
                    _ => None,
                }))
            }
            item => names.extend(name_of(item).map(ToString::to_string)),
        }
    }
    names
}

fn name_of(item: &Item) -> Option<&Ident> {
    match item {
        Item::Enum(item) => Some(&item.ident),
        Item::Struct(item) => Some(&item.ident),
        Item::Type(item) => Some(&item.ident),
        Item::Union(item) => Some(&item.ident),
        _ => None,
    }
}

/// Writes `::probe_abi::Ptr<T>` in place of `*const T` and `*mut T`, and a `Ptr` to `c_void` in place of a function,
/// because a probe cannot call it.
struct Pointers;

impl VisitMut for Pointers {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        visit_mut::visit_type_mut(self, ty);
        match ty {
            Type::Ptr(pointer) => {
                let pointee = &pointer.elem;
                *ty = parse_quote!(::probe_abi::Ptr<#pointee>);
            }
            // `Option<unsafe extern "C" fn()>`
            Type::Path(path) if path.path.segments.iter().any(|part| part.ident == "Option") => {
                *ty = parse_quote!(::probe_abi::Ptr<::probe_abi::c_void>);
            }
            _ => {}
        }
    }

    // bindgen's own functions are about the probe's memory.
    fn visit_item_impl_mut(&mut self, _: &mut ItemImpl) {}

    // In a prototype a pointer stays `*const T`, which probe-abi reads as a `Ptr<T>`.
    fn visit_item_foreign_mod_mut(&mut self, _: &mut syn::ItemForeignMod) {}
}

/// Writes `u8` in place of `bool`: in traced memory it may have any value.
struct Bools;

impl VisitMut for Bools {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        visit_mut::visit_type_mut(self, ty);
        if matches!(ty, Type::Path(path) if path.path.is_ident("bool")) {
            *ty = parse_quote!(u8);
        }
    }

    // bindgen's own functions make a `bool` from one bit.
    fn visit_item_impl_mut(&mut self, _: &mut ItemImpl) {}

    // A parameter is a valid `bool`, or the call is undefined in C too.
    fn visit_item_foreign_mod_mut(&mut self, _: &mut syn::ItemForeignMod) {}
}

/// On x86, C aligns the 64-bit integers in a struct to 4 bytes, and Rust for BPF to 8. Packed structs have C's layout.
/// Structs that C aligns to more than 4 bytes cannot be packed: the comparison with C shows whether their layout is
/// C's.
struct Packed;

impl VisitMut for Packed {
    fn visit_item_struct_mut(&mut self, item: &mut ItemStruct) {
        // Structs with generic parameters are bindgen's own.
        if item.generics.params.is_empty() {
            pack(&mut item.attrs);
        }
    }

    fn visit_item_union_mut(&mut self, item: &mut ItemUnion) {
        pack(&mut item.attrs);
    }
}

fn pack(attributes: &mut [Attribute]) {
    if attributes.iter().any(is_align) {
        return;
    }
    for attribute in attributes {
        if *attribute == parse_quote!(#[repr(C)]) {
            *attribute = parse_quote!(#[repr(C, packed(4))]);
        }
    }
}

fn is_align(attribute: &Attribute) -> bool {
    attribute.path().is_ident("repr")
        && attribute
            .meta
            .require_list()
            .is_ok_and(|list| list.tokens.to_string().starts_with("align"))
}

/// Writes each function as the type of a pointer to it.
fn functions(file: &mut File) {
    for item in std::mem::take(&mut file.items) {
        let Item::ForeignMod(block) = item else {
            file.items.push(item);
            continue;
        };
        for item in block.items {
            let ForeignItem::Fn(ForeignItemFn { sig, attrs, .. }) = item else {
                continue;
            };
            let mut pointer: TypeFnPtr = parse_quote!(unsafe extern "C" fn());
            pointer.output = sig.output;
            pointer.inputs = sig.inputs.into_iter().filter_map(parameter).collect();
            if sig.variadic.is_some() {
                pointer.inputs.push_punct(Default::default());
                pointer.variadic = Some(FnPtrVariadic {
                    attrs: Vec::new(),
                    name: None,
                    dots: Default::default(),
                    comma: None,
                });
            }
            let name = sig.ident;
            let docs = attrs
                .iter()
                .filter(|attribute| attribute.path().is_ident("doc"));
            file.items
                .push(parse_quote!(#(#docs)* pub type #name = #pointer;));
        }
    }
}

fn parameter(parameter: FnArg) -> Option<NamedArg> {
    // C has no `self`.
    let FnArg::Typed(PatType { pat, ty, .. }) = parameter else {
        return None;
    };
    let name = match *pat {
        Pat::Ident(name) => Some((name.ident, Default::default())),
        _ => None,
    };
    Some(NamedArg {
        attrs: Vec::new(),
        name,
        ty: *ty,
    })
}

/// The `AnyBitPattern` of a struct or union, which lets `Ptr::read_user` read it. Any bytes are a value of it: its
/// fields are integers, `Ptr`s and types that are `AnyBitPattern` too.
fn any_bit_pattern(item: &Item) -> Option<Item> {
    let (name, generics, attributes, is_declared) = match item {
        Item::Struct(item) => {
            let is_declared = item
                .fields
                .iter()
                .any(|field| field.ident.as_ref().is_some_and(|name| name == "_unused"));
            (&item.ident, &item.generics, &item.attrs, is_declared)
        }
        Item::Union(item) => (&item.ident, &item.generics, &item.attrs, false),
        _ => return None,
    };
    let copy = parse_quote!(#[derive(Copy, Clone)]);
    // Types with generic parameters are bindgen's own. A struct that ends with an array of any length cannot be copied.
    (generics.params.is_empty() && attributes.contains(&copy) && !is_declared)
        .then(|| parse_quote!(unsafe impl ::probe_abi::AnyBitPattern for #name {}))
}

/// Writes a sentence into each of bindgen's comparisons with C, such as `["Size of iovec"][size_of::<iovec>() -
/// 8usize];`.
struct Layouts {
    machine: &'static str,
}

impl VisitMut for Layouts {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        if let Some(assertion) = self.assertion(expression) {
            *expression = assertion;
        } else {
            visit_mut::visit_expr_mut(self, expression);
        }
    }

    // Functions have no such comparisons.
    fn visit_item_impl_mut(&mut self, _: &mut ItemImpl) {}
}

impl Layouts {
    fn assertion(&self, expression: &Expr) -> Option<Expr> {
        let Expr::Index(ExprIndex { expr, index, .. }) = expression else {
            return None;
        };
        let (Expr::Array(array), Expr::Binary(ExprBinary { left, right, .. })) =
            (&**expr, &**index)
        else {
            return None;
        };
        let Some(Expr::Lit(ExprLit {
            lit: Lit::Str(what),
            ..
        })) = array.elems.first()
        else {
            return None;
        };
        let what = what.value();
        let (what, of) = what.rsplit_once(' ')?;
        let what = what.trim_end_matches(':').to_lowercase();
        let name = of.split("::").next()?;
        let sentence = format!(
            "the {what} `{of}` is not what it is in C on `{}`: leave the type without its fields, `.opaque([\"{name}\"])`",
            self.machine
        );
        Some(parse_quote!(assert!(#left == #right, #sentence)))
    }
}
