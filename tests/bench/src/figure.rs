//! Results.

/// One figure of one round.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// In what.
    pub unit: &'static str,
    /// How much.
    pub value: f64,
}

impl Figure {
    /// A figure.
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Figure {
        Figure { name: name.into(), unit, value }
    }
}

/// The figures of one kind of broker, over all rounds.
#[derive(Debug, Clone, Default)]
pub struct Rounds(Vec<(Figure, Vec<f64>)>);

impl Rounds {
    /// Adds a round.
    pub fn add(&mut self, figures: Vec<Figure>) {
        for figure in figures {
            match self.0.iter_mut().find(|(known, _)| known.name == figure.name) {
                Some((_, values)) => values.push(figure.value),
                None => self.0.push((figure.clone(), vec![figure.value])),
            }
        }
    }

    /// Each figure's name and unit, with its median, its least and its most.
    pub fn summary(&self) -> impl Iterator<Item = (&Figure, [f64; 3])> {
        self.0.iter().map(|(figure, values)| {
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            (figure, [median(&sorted), sorted[0], sorted[sorted.len() - 1]])
        })
    }

    /// The median of a figure.
    pub fn median_of(&self, name: &str) -> Option<f64> {
        self.summary().find(|(figure, _)| figure.name == name).map(|(_, [median, ..])| median)
    }
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

#[cfg(test)]
mod tests {
    use super::{Figure, Rounds};

    #[test]
    fn rounds_have_a_median() {
        let mut rounds = Rounds::default();
        for value in [3.0, 1.0, 2.0, 10.0] {
            rounds.add(vec![Figure::new("a", value, "s"), Figure::new("b", -value, "s")]);
        }
        let summary: Vec<_> =
            rounds.summary().map(|(figure, values)| (figure.name.as_str(), values)).collect();
        assert_eq!(summary, [("a", [2.5, 1.0, 10.0]), ("b", [-2.5, -10.0, -1.0])]);
        assert_eq!(rounds.median_of("a"), Some(2.5));
        assert_eq!(rounds.median_of("c"), None);
    }
}
