internal import QMP
internal import Recording

/// The caller's side of a recording: entries become lines in the ring, or are counted as lost.
struct RecordingQueue {
    /// Where one segment ends and another begins.
    struct Cut: Equatable {
        /// The stream's offset of the new segment's header.
        let offset: Int
        /// When that one begins, in microseconds since 1970.
        let begun: Int64
    }

    /// Entries that are not in the recording.
    struct Loss: Equatable {
        var entries = 0
        /// The time of the first one.
        var since = Instant.zero

        mutating func add(at time: Instant) {
            if entries == 0 { since = time }
            entries += 1
        }
    }

    /// A line's memory is kept for the next one up to this size, in bytes.
    ///
    /// 2 MiB: replies of a megabyte are common, longer ones are not.
    private static let lineBytesKept = 2 << 20

    private(set) var ring: RecordingRing
    private(set) var entriesWritten = 0
    private(set) var entriesLost = 0
    /// Lost, and no gap tells of it yet.
    private(set) var lost = Loss()
    /// The segments that are to be begun, in order.
    private(set) var cuts: [Cut] = []
    private let options: RecordingOptions
    private let startedMicrosecondsSince1970: Int64
    private var line: [UInt8] = []
    /// When the last entry was that is not handed over; `nil` if all is.
    private var lastTaken: Instant?
    /// When the newest segment was begun, in microseconds since 1970: its file's name has that.
    private(set) var begun: Int64
    private var begunAt = Instant.zero
    /// How many bytes the newest segment held when it was opened, less the stream's offset then.
    private var segmentBytesBefore = 0
    /// Whether a segment was asked for when there was no room for its header.
    private var isSegmentWanted = false
    /// Where the newest segment's header ends.
    private(set) var headerEnd = 0

    /// A queue for a recording whose first segment is new.
    init(ring: RecordingRing, options: RecordingOptions, startedMicrosecondsSince1970: Int64) {
        self.ring = ring
        self.options = options
        self.startedMicrosecondsSince1970 = startedMicrosecondsSince1970
        begun = startedMicrosecondsSince1970
    }

    /// Puts in what stands first in the first file, which holds so many bytes already.
    mutating func begin(_ header: RecordingHeader, isTorn: Bool, bytesBefore: Int, begun: Int64) {
        line = isTorn ? [UInt8(ascii: "\n")] : []
        RecordingEncoder.append(header, to: &line)
        // It always fits: a ring is a page at least, and a header that does not could as well be left out.
        _ = ring.append(line)
        ring.publish()
        headerEnd = ring.end
        self.begun = begun
        segmentBytesBefore = bytesBefore
    }

    /// Puts what was recorded into the ring, or counts it as lost; the sizes of entries that are too long for any ring
    /// of this size.
    mutating func append(_ recorded: borrowing RecordedLines) -> [Int] {
        guard !recorded.isEmpty else { return [] }
        let time = recorded.time
        lastTaken = time
        if recorded.isAllLines, !isGapDue, recorded.withLines({ ring.append($0) }) {
            entriesWritten += recorded.count
            return []
        }
        var tooLong: [Int] = []
        recorded.forEach { line in
            guard admits(at: time) else { return }
            if let bytes = appended(ring.append(line), line.count, at: time) { tooLong.append(bytes) }
        } entry: { entry in
            if let bytes = append(entry) { tooLong.append(bytes) }
        }
        return tooLong
    }

    private mutating func append(_ entry: Entry) -> Int? {
        guard admits(at: entry.time) else { return nil }
        if let written = RecordingEncoder.write(entry, to: { ring.place(for: $0) }) {
            ring.wrote(written)
            return appended(true, written, at: entry.time)
        }
        line.removeAll(keepingCapacity: line.capacity <= Self.lineBytesKept)
        RecordingEncoder.append(entry, to: &line)
        return appended(ring.append(line), line.count, at: entry.time)
    }

    /// Whether an entry may be taken, else it is lost: behind a lost one none is before the gap stands in its place.
    private mutating func admits(at time: Instant) -> Bool {
        if !isGapDue || appendGap() { return true }
        lose(at: time)
        return false
    }

    /// Counts an entry, which found room in the ring or is lost; its size if it is too long for any ring of this size.
    private mutating func appended(_ fits: Bool, _ bytes: Int, at time: Instant) -> Int? {
        if fits { entriesWritten += 1 } else { lose(at: time) }
        return fits || bytes <= ring.size ? nil : bytes
    }

    /// Hands over what was appended; whether another segment is due, if anything was.
    mutating func handOver() -> Bool {
        ring.publish()
        tellLoss()
        defer { lastTaken = nil }
        return lastTaken.map(isSegmentDue) ?? false
    }

    /// Says how many were lost if there is room for that by now.
    mutating func tellLoss() {
        if isGapDue, appendGap() { ring.publish() }
    }

    /// Whether another segment should begin, by what the options say, when the proxy's clock shows that time.
    func isSegmentDue(at time: Instant) -> Bool {
        guard !isGapDue else { return false }
        if isSegmentWanted { return true }
        if let bytes = options.rotateBytes, ring.end + segmentBytesBefore >= bytes { return true }
        if let age = options.rotateAge { return time >= begunAt + age }
        return false
    }

    /// Whether nothing came behind the newest segment's header.
    var holdsOnlyHeader: Bool { ring.end == headerEnd && !isSegmentWanted }

    /// Has a segment be due with the next entry; `false` if one was already.
    mutating func wantSegment() -> Bool {
        defer { isSegmentWanted = true }
        return !isSegmentWanted
    }

    /// Ends the segment here and begins another, or sees to it that one is due as soon as there is room.
    mutating func beginSegment(_ header: RecordingHeader, previous: String?, at time: Instant) {
        var header = header
        header.previous = previous
        line.removeAll(keepingCapacity: true)
        RecordingEncoder.append(header, to: &line)
        let offset = ring.end
        isSegmentWanted = isGapDue || !ring.append(line)
        guard !isSegmentWanted else { return }
        ring.publish()
        headerEnd = ring.end
        // Two at the same moment: a name tells when a segment was begun.
        let next = max(begun + 1, startedMicrosecondsSince1970 + time.microseconds)
        cuts.append(Cut(offset: offset, begun: next))
        begun = next
        begunAt = time
        segmentBytesBefore = -ring.end
    }

    /// The segment that was to begin at the first cut has begun, or could not: the file's name has that time.
    mutating func removeCut(begun: Int64) {
        let cut = cuts.removeFirst()
        if self.begun == cut.begun { self.begun = begun }
    }

    /// Gives back memory; see ``RecordingRing/release()``.
    mutating func release() -> Bool {
        ring.release()
    }

    private var isGapDue: Bool { lost.entries > 0 }

    private mutating func lose(at time: Instant) {
        lost.add(at: time)
        entriesLost += 1
    }

    /// Says how many were lost, once half of the ring is free: with less it would soon be full again, and each time is
    /// told in the log.
    private mutating func appendGap() -> Bool {
        guard ring.room >= ring.size / 2 else { return false }
        line.removeAll(keepingCapacity: line.capacity <= Self.lineBytesKept)
        RecordingEncoder.append(Entry(time: lost.since, place: .proxy, kind: .gap(entries: lost.entries)), to: &line)
        guard ring.append(line) else { return false }
        lost = Loss()
        return true
    }
}
