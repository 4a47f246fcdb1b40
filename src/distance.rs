//! The distance between a name and another name that may be meant.

/// Room for the longest name in the tables.
const LONGEST: usize = 31;

/// How many letters to insert, leave out, replace or swap with the next letter, to turn one name into the other. `None`
/// if a name is too long to be a misspelling of the other.
#[inline]
pub(crate) fn distance(one: &str, other: &str, same: impl Fn(&u8, &u8) -> bool) -> Option<usize> {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() > LONGEST || other.len() > LONGEST {
        return None;
    }
    let (mut before, mut last, mut row) = ([0; LONGEST + 1], [0; LONGEST + 1], [0; LONGEST + 1]);
    for (index, cell) in last.iter_mut().enumerate() {
        *cell = index;
    }
    for (i, left) in one.iter().enumerate() {
        row[0] = i + 1;
        for (j, right) in other.iter().enumerate() {
            let replaced = last[j] + usize::from(!same(left, right));
            row[j + 1] = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && same(left, &other[j - 1]) && same(&one[i - 1], right) {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        (before, last) = (last, row);
    }
    Some(last[other.len()])
}
