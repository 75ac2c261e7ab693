/// What was probably meant.
public enum Spelling {
    /// The known word that is a slip of the finger away, if one is; case does not count.
    ///
    /// One character in three may differ, but three at most: in a short word two slips make any other of it.
    public static func nearest(to text: String, among known: [String]) -> String? {
        let distances = known.map { (word: $0, distance: distance(Array(text.lowercased()), Array($0))) }
        let nearest = distances.min { $0.distance < $1.distance }
        return nearest.flatMap { $0.distance <= min(3, max(1, text.count / 3)) ? $0.word : nil }
    }

    /// How many characters are to be added, taken away or changed to make one text the other (Levenshtein).
    private static func distance(_ one: [Character], _ other: [Character]) -> Int {
        var row = Array(0...other.count)
        for (index, character) in one.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in other.indices {
                let changed = diagonal + (character == other[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(changed, diagonal + 1, row[column] + 1)
            }
        }
        return row[other.count]
    }
}
