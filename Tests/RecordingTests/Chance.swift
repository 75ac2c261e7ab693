/// Numbers that look like chance and are the same in each run.
///
/// From "MMIX" by D. Knuth.
struct Chance {
    var state: UInt64

    mutating func number(below end: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(max(1, end)))
    }
}
