internal import Recording

/// Whether each segment goes on from the one before it.
struct SegmentSequence {
    /// How many did not.
    private(set) var missing = 0
    private var last: String?
    private var monitor: String?
    private var isFirst = true

    /// A file is over.
    mutating func end(_ name: String) {
        last = name
        isFirst = true
    }

    /// The segment that a header goes on from, if that should have been the file before and was not.
    ///
    /// Of what was before a monitor's first file nothing is known: the oldest segments are deleted in time.
    mutating func missing(before header: RecordingHeader) -> String? {
        defer {
            isFirst = false
            monitor = header.monitor
        }
        guard isFirst, monitor == header.monitor, let last, let previous = header.previous else { return nil }
        let name = previous.split(separator: "/").last.map { String($0) } ?? previous
        guard name != last else { return nil }
        missing += 1
        return name
    }
}
