//! Random programs as trees. `grammar.txt` has the ways to write each kind of text.
//!
//! Every change to a tree makes a tree that can be written: a hole holds text of its kind, and a variable that is no
//! longer known becomes the simplest text of its kind. So a program can be cut down without knowing its meaning.

use std::{collections::BTreeMap, ops::Range, sync::LazyLock};

use probe_abi::machine::Machine;

use super::prototypes::{self, Asked};

/// The grammar that comes with this file.
pub static GRAMMAR: LazyLock<Grammar> =
    LazyLock::new(|| Grammar::parse(include_str!("grammar.txt")));

/// How deep ways that repeat the text in their holes may be nested.
const NESTED: u32 = 2;

/// How deep a hole of a program's body is filled.
const DEPTH: usize = 6;

pub struct Grammar {
    kinds: Vec<Kind>,
}

struct Kind {
    name: &'static str,
    /// How often a hole is filled with a variable.
    variable: u32,
    /// Whether functions see variables of the kind from outside.
    item: bool,
    ways: Vec<Way>,
    /// The number of levels of the lowest tree.
    height: usize,
}

struct Way {
    weight: u32,
    repeats: bool,
    parts: Vec<Part>,
    height: usize,
}

enum Part {
    Text(&'static str),
    New(&'static str),
    Number(Range<u64>),
    Index(Index),
    Hole(Hole),
}

/// An index of an argument, or a value that a call is asked for. Machines have different numbers of these.
#[derive(Clone, Copy)]
enum Index {
    Argument,
    SyscallArgument,
    StackArgument,
    OfCall(Asked),
}

struct Hole {
    kind: usize,
    hides: Hides,
    /// New variables: `$x` or a name as it is, and a kind.
    known: Vec<(&'static str, usize)>,
    /// Whether text of several words needs parentheses here.
    tight: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hides {
    Nothing,
    Assigned,
    Everything,
}

/// The number of arguments of each kind that a machine has.
#[derive(Debug, Clone, Copy)]
pub struct Arguments {
    pub registers: u64,
    pub of_syscalls: u64,
    pub machine: &'static Machine,
}

/// A program, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// One way to write a kind; its new names end in this number.
    Way {
        kind: usize,
        way: usize,
        name: u32,
        holes: Vec<Tree>,
    },
    Variable {
        kind: usize,
        name: String,
    },
    Number(u64),
}

/// The names that are known in a hole.
type Scope = Vec<(String, usize)>;

impl Grammar {
    /// Reads a grammar.
    ///
    /// # Panics
    ///
    /// If it is written wrongly. The grammar is a part of this source.
    fn parse(text: &'static str) -> Self {
        let lines = || {
            let lines = text.lines().map(str::trim_end);
            lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
        };
        let headers = lines().filter(|line| !line.starts_with(' '));
        let names: BTreeMap<&str, usize> = headers
            .enumerate()
            .map(|(number, line)| (line.split(' ').next().unwrap_or(line), number))
            .collect();
        let mut kinds: Vec<Kind> = Vec::new();
        for line in lines() {
            let Some(way) = line.strip_prefix(' ') else {
                let mut words = line.split(' ');
                kinds.push(Kind {
                    name: words.next().unwrap_or_default(),
                    variable: number(words.next()),
                    item: words.next() == Some("item"),
                    ways: Vec::new(),
                    height: 0,
                });
                continue;
            };
            let (weight, text) = way.split_once(' ').unwrap_or((way, ""));
            let kind = kinds.last_mut().expect("a way stands below its kind");
            kind.ways.push(Way {
                weight: number(Some(weight.trim_end_matches('*'))),
                repeats: weight.ends_with('*'),
                parts: parts(text, &names),
                height: usize::MAX,
            });
        }
        let mut grammar = Self { kinds };
        grammar.measure();
        grammar
    }

    /// Finds the height of the lowest tree of each kind.
    fn measure(&mut self) {
        for kind in &mut self.kinds {
            kind.height = if kind.ways.is_empty() { 0 } else { usize::MAX };
        }
        loop {
            let heights: Vec<usize> = self.kinds.iter().map(|kind| kind.height).collect();
            for kind in &mut self.kinds {
                for way in &mut kind.ways {
                    let holes = way.holes().map(|hole| heights[hole.kind]);
                    way.height = holes.max().unwrap_or(0).saturating_add(1);
                }
                if let Some(lowest) = kind.ways.iter().map(|way| way.height).min() {
                    kind.height = lowest;
                }
            }
            if heights
                .iter()
                .eq(self.kinds.iter().map(|kind| &kind.height))
            {
                break;
            }
        }
    }

    fn named(&self, name: &str) -> usize {
        let kind = self.kinds.iter().position(|kind| kind.name == name);
        kind.unwrap_or_else(|| panic!("the grammar has no `{name}`"))
    }

    /// A program's body. It knows a number `s` that it can assign to.
    pub fn program(&self, random: &mut Random) -> Tree {
        let mut filling = Filling {
            grammar: self,
            left: random.below(100) as usize + 40,
            random,
            names: 0,
            taken: BTreeMap::new(),
        };
        filling.fill(self.named("Body"), DEPTH, &self.outermost(), 0)
    }

    fn outermost(&self) -> Scope {
        ["Int", "Place"]
            .map(|kind| ("s".to_owned(), self.named(kind)))
            .into()
    }

    /// The simplest text of a kind; `None` if it has only variables.
    fn simplest(&self, kind: usize) -> Option<Tree> {
        let way = self.kinds[kind].ways.first()?;
        let parts = way.parts.iter().filter(|part| part.is_filled());
        let holes = parts.map(|part| match part {
            Part::Hole(hole) => self.simplest(hole.kind),
            part => part.least().map(Tree::Number),
        });
        Some(Tree::Way {
            kind,
            way: 0,
            name: 0,
            holes: holes.collect::<Option<_>>()?,
        })
    }

    /// The text of a program's body on a machine. `None` if it assigns to, or calls, something that does not exist any
    /// more.
    pub fn write(&self, tree: &Tree, arguments: Arguments) -> Option<String> {
        self.text(tree, &self.outermost(), arguments)
    }

    fn text(&self, tree: &Tree, scope: &Scope, arguments: Arguments) -> Option<String> {
        let (way, name, holes) = match tree {
            Tree::Number(number) => return Some(number.to_string()),
            Tree::Variable { kind, name } => {
                if scope
                    .iter()
                    .any(|known| known.0 == *name && known.1 == *kind)
                {
                    return Some(name.clone());
                }
                return self.text(&self.simplest(*kind)?, scope, arguments);
            }
            Tree::Way {
                kind,
                way,
                name,
                holes,
            } => (&self.kinds[*kind].ways[*way], *name, holes),
        };
        let mut text = String::new();
        let mut holes = holes.iter();
        for part in &way.parts {
            match part {
                Part::Text(words) => text += words,
                Part::New(new) => text += &fresh(new, name),
                Part::Number(_) => text += &self.text(holes.next()?, scope, arguments)?,
                Part::Index(index) => {
                    let &Tree::Number(number) = holes.next()? else {
                        return None;
                    };
                    text += &index.on(number, arguments);
                }
                Part::Hole(hole) => {
                    let filled =
                        self.text(holes.next()?, &self.inside(hole, name, scope), arguments)?;
                    text += &match hole.tight && has_words(&filled) {
                        true => format!("({filled})"),
                        false => filled,
                    };
                }
            }
        }
        Some(text)
    }

    /// The names that are known in a hole.
    fn inside(&self, hole: &Hole, name: u32, scope: &Scope) -> Scope {
        let place = self.named("Place");
        let assigned = |name: &str| {
            scope
                .iter()
                .any(|known| known.0 == name && known.1 == place)
        };
        let kept = scope.iter().filter(|(name, kind)| match hole.hides {
            Hides::Nothing => true,
            Hides::Assigned => !assigned(name),
            Hides::Everything => self.kinds[*kind].item,
        });
        let known = hole
            .known
            .iter()
            .map(|(new, kind)| (fresh(new, name), *kind));
        kept.cloned().chain(known).collect()
    }

    /// Trees that are a part of this one, or are simpler in one place, the smallest first.
    pub fn smaller(&self, tree: &Tree) -> Vec<Tree> {
        let mut smaller = Vec::new();
        self.cuts(tree, &mut |cut| smaller.push(cut));
        smaller.retain(|cut| cut.size() < tree.size());
        smaller.sort_by_key(Tree::size);
        smaller.dedup();
        smaller
    }

    fn cuts(&self, tree: &Tree, found: &mut dyn FnMut(Tree)) {
        let (kind, way, holes) = match tree {
            Tree::Number(_) => return,
            Tree::Variable { kind, .. } => return self.simplest(*kind).into_iter().for_each(found),
            Tree::Way {
                kind, way, holes, ..
            } => (*kind, &self.kinds[*kind].ways[*way], holes),
        };
        self.simplest(kind).into_iter().for_each(&mut *found);
        tree.parts_of_kind(kind, &mut |part| found(part.clone()));
        let parts = way.parts.iter().filter(|part| part.is_filled());
        for (index, (part, hole)) in parts.zip(holes).enumerate() {
            let mut replace = |cut| {
                let mut changed = tree.clone();
                if let Tree::Way { holes, .. } = &mut changed {
                    holes[index] = cut;
                }
                found(changed);
            };
            match (part.least(), hole) {
                (Some(least), Tree::Number(number)) if *number > least => {
                    replace(Tree::Number(least));
                    replace(Tree::Number(number - 1));
                }
                _ => self.cuts(hole, &mut replace),
            }
        }
    }
}

impl Part {
    /// Whether a tree has a value for this part.
    fn is_filled(&self) -> bool {
        !matches!(self, Part::Text(_) | Part::New(_))
    }

    /// The lowest number that the part may be.
    fn least(&self) -> Option<u64> {
        match self {
            Part::Number(range) => Some(range.start),
            Part::Index(_) => Some(0),
            _ => None,
        }
    }
}

impl Tree {
    /// The size of the text. The simplest text of a kind is the smallest.
    pub fn size(&self) -> usize {
        match self {
            Tree::Way { holes, .. } => 10 + holes.iter().map(Tree::size).sum::<usize>(),
            Tree::Variable { .. } => 29,
            Tree::Number(number) => 9.min(*number as usize),
        }
    }

    /// The parts of a kind that are not in another part of that kind.
    fn parts_of_kind(&self, wanted: usize, found: &mut dyn FnMut(&Tree)) {
        let Tree::Way { holes, .. } = self else {
            return;
        };
        for hole in holes {
            match hole {
                Tree::Way { kind, .. } if *kind == wanted => found(hole),
                hole => hole.parts_of_kind(wanted, found),
            }
        }
    }
}

impl Index {
    /// The range of the random number that selects one. It is larger than the number that any machine has.
    fn limit(self) -> u64 {
        match self {
            Index::OfCall(_) => 1 << 16,
            _ => 8,
        }
    }

    fn on(self, number: u64, arguments: Arguments) -> String {
        let index = match self {
            Index::Argument => number % arguments.registers,
            Index::SyscallArgument => number % arguments.of_syscalls,
            Index::StackArgument => arguments.registers + number,
            Index::OfCall(asked) => return prototypes::asked(asked, number, arguments.machine),
        };
        index.to_string()
    }
}

impl Way {
    fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.parts.iter().filter_map(|part| match part {
            Part::Hole(hole) => Some(hole),
            _ => None,
        })
    }
}

/// A tree that grows.
struct Filling<'a> {
    grammar: &'a Grammar,
    random: &'a mut Random,
    /// How many choices are left. After them, everything is kept low.
    left: usize,
    names: u32,
    /// How often each variable was taken.
    taken: BTreeMap<String, u32>,
}

impl Filling<'_> {
    fn fill(&mut self, kind: usize, depth: usize, scope: &Scope, nested: u32) -> Tree {
        let grammar = self.grammar;
        self.left = self.left.saturating_sub(1);
        let Kind {
            ways,
            variable,
            height,
            ..
        } = &grammar.kinds[kind];
        let highest = match self.left {
            0 => height + 1,
            _ => usize::MAX,
        };
        let depth = depth.min(highest).max(*height);
        let is_possible = |way: &Way| {
            way.height <= depth
                && !(way.repeats && nested >= NESTED)
                && way.holes().all(|hole| {
                    let only_variables = grammar.kinds[hole.kind].ways.is_empty();
                    !only_variables || scope.iter().any(|known| known.1 == hole.kind)
                })
        };
        let names: Vec<&String> = scope
            .iter()
            .filter(|known| known.1 == kind)
            .map(|known| &known.0)
            .collect();
        let mut weights: Vec<u32> = ways
            .iter()
            .map(|way| if is_possible(way) { way.weight } else { 0 })
            .collect();
        weights.push(if names.is_empty() { 0 } else { *variable });
        let chosen = self.random.choose(&weights);
        let Some(way) = ways.get(chosen) else {
            return Tree::Variable {
                kind,
                name: self.variable(&names),
            };
        };
        self.names += 1;
        let name = self.names;
        let last = way.parts.len().saturating_sub(1);
        let mut holes = Vec::new();
        for (position, part) in way.parts.iter().enumerate() {
            holes.push(match part {
                Part::Text(_) | Part::New(_) => continue,
                Part::Number(range) => {
                    Tree::Number(range.start + self.random.below(range.end - range.start))
                }
                Part::Index(index) => Tree::Number(self.random.below(index.limit())),
                Part::Hole(hole) => {
                    // The rest of a row of statements is not deeper.
                    let follows = hole.kind == kind && position == last;
                    let depth = if follows { depth } else { depth - 1 };
                    // Closures and functions are called in loops.
                    let called = u32::from(hole.hides != Hides::Nothing);
                    let nested = nested + called + u32::from(way.repeats);
                    let scope = grammar.inside(hole, name, scope);
                    self.fill(hole.kind, depth, &scope, nested)
                }
            });
        }
        Tree::Way {
            kind,
            way: chosen,
            name,
            holes,
        }
    }

    /// One of the variables that were taken least. The compiler leaves out a variable that is not used.
    fn variable(&mut self, names: &[&String]) -> String {
        let taken = |name: &&&String| self.taken.get(**name).copied().unwrap_or(0);
        let least = names.iter().map(|name| taken(&name)).min();
        let names: Vec<_> = names
            .iter()
            .filter(|name| Some(taken(name)) == least)
            .collect();
        let name = names[self.random.below(names.len() as u64) as usize].to_string();
        *self.taken.entry(name.clone()).or_default() += 1;
        name
    }
}

/// Numbers that look random and are the same for the same seed (SplitMix64: Steele, Lea and Flood, "Fast
/// splittable pseudorandom number generators", 2014).
pub struct Random(u64);

impl Random {
    /// The numbers of one program of a seed.
    pub fn new(seed: u64, number: u64) -> Self {
        let mut random = Self(seed);
        Self(random.number().wrapping_add(number))
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit
    }

    fn choose(&mut self, weights: &[u32]) -> usize {
        let all = weights.iter().sum::<u32>();
        if all == 0 {
            return 0;
        }
        let mut rest = self.below(all.into()) as u32;
        for (index, weight) in weights.iter().enumerate() {
            match rest.checked_sub(*weight) {
                Some(less) => rest = less,
                None => return index,
            }
        }
        unreachable!("the number is below the sum of the weights")
    }
}

/// The name that a way gives to something new.
fn fresh(new: &str, number: u32) -> String {
    match new.strip_prefix('$') {
        Some(letter) => format!("{letter}{number}"),
        None => new.to_owned(),
    }
}

/// Whether text falls apart beside an operator: it starts with an operator, or has a space that is not in brackets.
fn has_words(text: &str) -> bool {
    let mut depth = 0;
    text.starts_with('!')
        || text.chars().any(|letter| {
            match letter {
                '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                _ => {}
            }
            depth == 0 && letter == ' '
        })
}

fn number(text: Option<&str>) -> u32 {
    let number = text.and_then(|text| text.parse().ok());
    number.unwrap_or_else(|| panic!("the grammar has {text:?} for a weight"))
}

/// Splits a way to write something into its parts.
fn parts(text: &'static str, kinds: &BTreeMap<&str, usize>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(['@', '$', '#']) {
        let before = &rest[..start];
        let marked = &rest[start..];
        let (part, length) = match marked.as_bytes()[0] {
            b'@' => hole(marked, before, kinds),
            b'$' => {
                let length = 1 + word(&marked[1..]);
                (Part::New(&marked[..length]), length)
            }
            _ if marked.starts_with("#[") => (Part::Text("#"), 1),
            _ => number_or_index(marked),
        };
        if !before.is_empty() {
            parts.push(Part::Text(before));
        }
        parts.push(part);
        rest = &marked[length..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

/// The length of the name at the start of a text.
fn word(text: &str) -> usize {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric());
    end.unwrap_or(text.len())
}

/// `@Kind` or `@Kind[^ $x:Int self.y:Word]`.
fn hole(marked: &'static str, before: &str, kinds: &BTreeMap<&str, usize>) -> (Part, usize) {
    let kind = |name: &str| {
        let kind = kinds.get(name).copied();
        kind.unwrap_or_else(|| panic!("the grammar has no `{name}`: {marked}"))
    };
    let end = 1 + word(&marked[1..]);
    let (inside, length) = match marked[end..].strip_prefix('[') {
        Some(inside) => {
            let (inside, _) = inside.split_once(']').expect("a `[` of a hole ends");
            (inside, end + inside.len() + 2)
        }
        None => ("", end),
    };
    let mut hole = Hole {
        kind: kind(&marked[1..end]),
        hides: Hides::Nothing,
        known: Vec::new(),
        tight: is_tight(before, &marked[length..]),
    };
    for item in inside.split(' ').filter(|item| !item.is_empty()) {
        match (item, item.split_once(':')) {
            ("^", _) => hole.hides = Hides::Assigned,
            ("!", _) => hole.hides = Hides::Everything,
            (_, Some((name, of))) => hole.known.push((name, kind(of))),
            _ => panic!("the grammar has `{item}` in a hole: {marked}"),
        }
    }
    (Part::Hole(hole), length)
}

/// Whether the text in a hole is next to an operator.
fn is_tight(before: &str, after: &str) -> bool {
    let (before, after) = (before.trim_end(), after.trim_start());
    let opens = [
        "(", "[", "{", "}", ",", ";", ":", "=", "=>", "|", "if", "match", "return",
    ];
    let joins = ["==", "||"];
    let closes = [")", "]", "{", "}", ",", ";", "@", "$"];
    let loose_before = before.is_empty() || opens.iter().any(|end| before.ends_with(end));
    let loose_after = after.is_empty() || closes.iter().any(|start| after.starts_with(start));
    !loose_before || joins.iter().any(|end| before.ends_with(end)) || !loose_after
}

/// `#2..8`, or `#arg` and similar.
fn number_or_index(marked: &'static str) -> (Part, usize) {
    for (name, index) in [
        ("#arg", Index::Argument),
        ("#syscall", Index::SyscallArgument),
        ("#stack", Index::StackArgument),
        ("#typed", Index::OfCall(Asked::Argument)),
        ("#flag", Index::OfCall(Asked::Flag)),
        ("#read", Index::OfCall(Asked::Anywhere)),
        ("#value", Index::OfCall(Asked::Value)),
    ] {
        if marked.starts_with(name) {
            return (Part::Index(index), name.len());
        }
    }
    let first = word(&marked[1..]);
    let from = &marked[1..1 + first];
    let rest = marked[1 + first..].strip_prefix("..").unwrap_or_default();
    let to = &rest[..word(rest)];
    let range = u64::from(number(Some(from)))..u64::from(number(Some(to)));
    (Part::Number(range), 3 + from.len() + to.len())
}
