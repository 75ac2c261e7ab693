/// The figures of one scenario on one contender in one round.
struct Measurement: Codable {
    /// Operations per second, or KiB per client where the scenario is `idle`.
    var figure: Double
    var latencyMedianMicroseconds: Double?
    var latencyP99Microseconds: Double?
    var recordingHasGap: Bool?
    var recordingBytes: Int?
}

/// What `load` prints.
struct LoadReport: Codable {
    var operationsPerSecond: Double
    var latencyMedianMicroseconds: Double
    var latencyP99Microseconds: Double

    enum CodingKeys: String, CodingKey {
        case operationsPerSecond = "operations_per_second"
        case latencyMedianMicroseconds = "latency_median_us"
        case latencyP99Microseconds = "latency_p99_us"
    }
}
