//! The place of a function in a library or in a program.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use object::{Object, ObjectSegment, ObjectSymbol, SymbolFlags, elf};

pub struct Library {
    pub path: PathBuf,
    data: Vec<u8>,
}

impl Library {
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, String> {
        let path = path.into();
        let data = fs::read(&path)
            .map_err(|error| format!("cannot read the library `{}`: {error}", path.display()))?;
        let library = Self { path, data };
        library.elf()?;
        Ok(library)
    }

    /// The C library that this process itself runs with.
    pub fn libc() -> Result<Self, String> {
        let maps = fs::read_to_string("/proc/self/maps")
            .map_err(|error| format!("cannot read `/proc/self/maps`: {error}"))?;
        let mut paths = maps
            .lines()
            .filter_map(|line| Some(&line[line.find('/')?..]));
        let libc = paths.find(|path| {
            Path::new(path)
                .file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with("libc.so") || name.starts_with("libc-"))
        });
        Self::open(libc.ok_or("this process runs without a C library: name one with `--library`")?)
    }

    fn elf(&self) -> Result<object::File<'_>, String> {
        object::File::parse(&*self.data).map_err(|error| {
            format!(
                "`{}` is neither a library nor a program: {error}",
                self.path.display()
            )
        })
    }

    /// The offsets in the file at which the function of that name starts. There are several if the library keeps older
    /// versions of it for older programs.
    pub fn function(&self, name: &str) -> Result<BTreeSet<u64>, String> {
        let path = self.path.display();
        let elf = self.elf()?;
        let mut offsets = BTreeSet::new();
        let symbols = elf.dynamic_symbols().chain(elf.symbols());
        for symbol in symbols.filter(|symbol| symbol.name() == Ok(name) && !symbol.is_undefined()) {
            let SymbolFlags::Elf { st_info, .. } = symbol.flags() else {
                continue;
            };
            match st_info & 0xf {
                elf::STT_FUNC => {}
                elf::STT_GNU_IFUNC => {
                    return Err(format!(
                        "`{name}` of `{path}` is chosen among several when a program starts: a probe on it \
                         would see the choice and not the calls"
                    ));
                }
                _ => return Err(format!("`{name}` of `{path}` is not a function")),
            }
            let address = symbol.address();
            let segment = elf.segments().find(|segment| {
                (segment.address()..segment.address() + segment.size()).contains(&address)
            });
            let segment = segment
                .ok_or_else(|| format!("`{path}` has no code at the address of `{name}`"))?;
            offsets.insert(address - segment.address() + segment.file_range().0);
        }
        if offsets.is_empty() {
            return Err(format!(
                "`{path}` has no function `{name}`: `nm -D {path}` lists what it has"
            ));
        }
        Ok(offsets)
    }
}
