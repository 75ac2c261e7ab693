/// How long things took: how often each duration, to within 1.6 %.
///
/// Each power of two of microseconds is cut into 32 parts of the same width, so that memory is bounded and does not
/// depend on what comes (G. Tene, "HdrHistogram").
public struct LatencyHistogram: Sendable, Equatable {
    /// 2^36 microseconds, 19 hours: what took longer counts as that; the maximum is exact.
    private static let powerMax = 36
    private static let partBits = 5

    /// Up to the longest so far.
    private var counts: [UInt32] = []
    /// How many there are.
    public private(set) var count = 0
    /// The longest, in microseconds.
    public private(set) var max: Int64 = 0

    /// A histogram of nothing.
    public init() {}

    /// Counts a duration; below zero, as when a clock went back, it is zero.
    public mutating func add(microseconds: Int64) {
        let microseconds = Swift.max(0, microseconds)
        let bucket = Self.bucket(of: microseconds)
        if bucket >= counts.count { counts += repeatElement(0, count: bucket + 1 - counts.count) }
        if counts[bucket] < .max { counts[bucket] += 1 }
        count += 1
        max = Swift.max(max, microseconds)
    }

    /// How long a part of all took at most, such as 0.5 for the median, in microseconds; `nil` when there is none.
    public func quantile(_ part: Double) -> Int64? {
        guard count > 0 else { return nil }
        let rank = Swift.max(1, Int((part * Double(count)).rounded(.up)))
        var before = 0
        for (bucket, number) in counts.enumerated() {
            before += Int(number)
            if before >= rank { return Swift.min(max, Self.middle(of: bucket)) }
        }
        return max
    }

    private static func bucket(of microseconds: Int64) -> Int {
        let value = Int(Swift.min(microseconds, 1 << powerMax - 1))
        let power = Int.bitWidth - 1 - value.leadingZeroBitCount
        guard power > partBits else { return value }
        let shift = power - partBits
        return (shift + 1) << partBits + (value >> shift - 1 << partBits)
    }

    private static func middle(of bucket: Int) -> Int64 {
        guard bucket >= 2 << partBits else { return Int64(bucket) }
        let shift = bucket >> partBits - 1
        let lower = (bucket & (1 << partBits - 1) + 1 << partBits) << shift
        return Int64(lower + 1 << shift / 2)
    }
}
