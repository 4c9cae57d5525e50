//! What can happen to a file while nobody looks.

use std::path::{Path, PathBuf};

use crate::image::Image;

/// Harm to one file, or to two that change places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// One bit is another one.
    Flip { byte: usize, bit: u8 },
    /// The file ends early.
    Truncate { size: usize },
    /// The file and that of another partition have changed places.
    Swap { with: PathBuf },
    /// The file is gone.
    Delete,
}

/// A sequence of numbers that a seed decides (splitmix64).
pub struct Seeded(pub u64);

impl Seeded {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }
}

/// What is tried on a file of this size: its first and last byte, and seeded places between them.
pub fn on_file(image: &Image, file: &Path, places: usize, seed: u64) -> Vec<Damage> {
    let size = image.files[file].len();
    let mut damages = vec![Damage::Delete];
    if size > 0 {
        let mut seeded = Seeded(seed ^ size as u64);
        let mut bytes = vec![0, size - 1];
        bytes.extend((0..places).map(|_| seeded.below(size)));
        damages.extend(bytes.into_iter().map(|byte| Damage::Flip { byte, bit: seeded.below(8) as u8 }));
        let mut sizes = vec![0, size - 1];
        sizes.extend((0..places / 2).map(|_| seeded.below(size)));
        damages.extend(sizes.into_iter().map(|size| Damage::Truncate { size }));
    }
    damages
}

impl Damage {
    /// Does it to the file in this directory.
    pub fn apply(&self, dir: &Path, file: &Path) {
        let path = dir.join(file);
        match self {
            Damage::Flip { byte, bit } => {
                let mut contents = std::fs::read(&path).unwrap();
                contents[*byte] ^= 1 << bit;
                std::fs::write(path, contents).unwrap();
            }
            Damage::Truncate { size } => {
                let mut contents = std::fs::read(&path).unwrap();
                contents.truncate(*size);
                std::fs::write(path, contents).unwrap();
            }
            Damage::Swap { with } => {
                let (here, there) = (std::fs::read(&path).unwrap(), std::fs::read(dir.join(with)).unwrap());
                std::fs::write(path, there).unwrap();
                std::fs::write(dir.join(with), here).unwrap();
            }
            Damage::Delete => std::fs::remove_file(path).unwrap(),
        }
    }
}
