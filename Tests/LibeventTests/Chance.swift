/// Numbers that a seed decides, so that a failure can be had again (SplitMix64).
struct Chance {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next(below bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }
}

/// Text in which a byte's place can be told: 89 different letters over and over, a number that divides no buffer's
/// size.
func pattern(_ count: Int, from start: Int = 0) -> [UInt8] {
    let letters = Array(UInt8(33)...121)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 2 * letters.count)
    bytes += letters[(start % letters.count)...]
    while bytes.count < count { bytes += letters }
    bytes.removeSubrange(count...)
    return bytes
}
