internal import QMP
import Recording

/// Reads a whole recording into memory, to be played.
enum RecordingLoader {
    /// How much is played at most, in bytes of recording.
    ///
    /// 1 GiB: it is held in memory, several times over; what is longer was not made to be played.
    static let bytesMax = 1 << 30

    /// What keeps a recording from being played, in a line for a person.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// A recording: a file, a directory, or `-` for standard input.
    ///
    /// - Throws: ``Failure``, `CallFailure`, or `ShowSession.Failure`.
    static func load(_ path: String) throws -> PlayableRecording {
        var recording = PlayableRecording()
        let source = try RecordingSource(path, follows: false)
        var decoder = RecordingDecoder()
        var sequence = SegmentSequence()
        var file = path
        func take(_ item: RecordingDecoder.Item) throws {
            if case .header(let header) = item.content, let missing = sequence.missing(before: header) {
                recording.note("\(missing) should come before it and is missing", in: file)
            }
            if case .header(let header) = item.content, let first = recording.runs.first?.header.monitor,
                header.monitor != first, !first.isEmpty
            {
                let both = "\"\(first)\" and, from \(file):\(item.line) on, \"\(header.monitor)\""
                throw Failure(description: "\(path) has recordings of two monitors, \(both): name the files of one")
            }
            recording.take(item, in: file)
            guard recording.bytes <= bytesMax else {
                let limit = Quantity.text(bytes: bytesMax)
                throw Failure(description: "\(path) is too large to be played, more than \(limit)")
            }
        }
        do {
            while let piece = try source.next() {
                switch piece {
                case .begins(let name):
                    file = name
                    decoder = RecordingDecoder()
                case .bytes(let bytes):
                    decoder.append(bytes[...])
                    while let item = try decoder.next() { try take(item) }
                case .ends(let name):
                    if let item = try decoder.finish() { try take(item) }
                    sequence.end(name)
                case .leftOut(let name, let why): recording.note("left out: \(why)", in: name)
                case .startsOver, .waits: break
                }
            }
        } catch let error as RecordingDecoder.NotARecording {
            throw Failure(description: "\(file) is no recording: \(error)")
        }
        guard !recording.runs.isEmpty else { throw Failure(description: "\(path) is empty") }
        return recording
    }
}
