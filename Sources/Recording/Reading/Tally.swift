/// Something counted by name, or by whatever tells it apart; in bounded memory.
struct Tally<Key: Hashable & Comparable & Sendable, Value: Sendable>: Sendable {
    /// Told apart at most.
    ///
    /// 10,000: QEMU has some 300 commands and 50 events; what goes beyond is nobody's to read.
    private static var keysMax: Int { 10_000 }

    private(set) var values: [Key: Value] = [:]
    /// All the rest together; `nil` while there is none.
    private(set) var others: Value?

    /// Changes what is counted under a key, which begins as given.
    mutating func update(_ key: Key, _ initial: @autoclosure () -> Value, change: (inout Value) -> Void) {
        guard values.count < Self.keysMax || values[key] != nil else {
            var rest = others ?? initial()
            others = nil
            change(&rest)
            others = rest
            return
        }
        change(&values[key, default: initial()])
    }

    /// In the order of the keys.
    var sorted: [(key: Key, value: Value)] {
        values.sorted { $0.key < $1.key }
    }
}
