/// A recording in memory, ready to be played, each entry with the place where it stands for messages to people.
public struct PlayableRecording: Sendable, Equatable {
    /// Where a line stands: shown as `FILE:LINE`.
    public struct Place: Sendable, Hashable, CustomStringConvertible {
        /// The file, as people know it.
        public let file: String
        /// Which line of it, counted from 1.
        public let line: Int

        /// A line of a file.
        public init(file: String, line: Int) {
            self.file = file
            self.line = line
        }

        /// As compilers and editors write it.
        public var description: String { "\(file):\(line)" }
    }

    /// An entry and where it stands.
    public struct Line: Sendable, Equatable {
        /// What happened.
        public var entry: Entry
        /// Where that is written.
        public let place: Place

        /// An entry that stands there.
        public init(_ entry: Entry, _ place: Place) {
            self.entry = entry
            self.place = place
        }
    }

    /// What one start of a proxy wrote; times and the numbers of clients and commands are its own.
    public struct Run: Sendable, Equatable {
        /// The first header of it that there is; of a recording whose oldest segments are deleted it is a later one.
        public let header: RecordingHeader
        /// Where that stands.
        public let place: Place
        /// What happened, in the order in which it was written, over all segments.
        public var lines: [Line] = []

        /// A run that begins with that header.
        public init(_ header: RecordingHeader, _ place: Place) {
            self.header = header
            self.place = place
        }
    }

    /// Its runs, in order; at least one.
    public private(set) var runs: [Run] = []
    /// What a person should know of it, such as a line that cannot be read: `FILE:LINE: …`.
    public private(set) var notes: [String] = []
    /// The bytes of its lines.
    public private(set) var bytes = 0

    /// A recording of which nothing is known yet.
    public init() {}

    /// Takes what stands next in a file of it.
    public mutating func take(_ item: RecordingDecoder.Item, in file: String) {
        let place = Place(file: file, line: item.line)
        switch item.content {
        case .header(let header):
            if runs.last?.header.key != header.key { runs.append(Run(header, place)) }
        case .entry(let entry):
            bytes += item.bytes.count
            if case .gap(let count) = entry.kind { notes.append("\(place): \(count) entries are missing here") }
            // By hand a header may be lost; the decoder has told of it.
            if runs.isEmpty { runs.append(Run(RecordingHeader(started: "", proxy: "", monitor: ""), place)) }
            runs[runs.count - 1].lines.append(Line(entry, place))
        case .unreadable(let text), .note(let text), .flaw(let text): notes.append("\(place): \(text)")
        case .comment: break
        }
    }

    /// Notes something of a file.
    public mutating func note(_ text: String, in file: String) {
        notes.append("\(file): \(text)")
    }
}
