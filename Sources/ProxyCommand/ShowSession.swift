internal import Glibc
internal import QMP
internal import Recording

/// One run of `qmp-proxy show`: reads a recording from end to end and writes what was asked for.
struct ShowSession {
    /// What is written.
    enum Form: Equatable {
        case text, json, check
        case statistics(isJSON: Bool)
    }

    /// What is asked for.
    struct Options {
        var form = Form.text
        var filter: EntryFilter?
        var charactersMax: Int? = 200
        var isColoured = false
        var clock = Transcript.Clock.relative
        var lineBytesMax = RecordingDecoder.lineBytesMaxDefault
        var follows = false
        var output = STDOUT_FILENO
        var errors = STDERR_FILENO
        var showsProgress = false
    }

    /// Why a run cannot go on, for a person.
    struct Failure: Error, Equatable {
        let text: String
    }

    /// Bytes kept before they are written.
    private static let outputBytes = 256 << 10

    private let recording: String
    private let options: Options
    private let source: RecordingSource
    private let watch: RecordingWatch?
    private var decoder: RecordingDecoder
    private var conversation = Conversation()
    private var transcript: Transcript
    private var statistics = Statistics()
    private var sequence = SegmentSequence()
    private var progress: ProgressLine?
    private var path = ""
    private var text: [UInt8] = []
    private var bytesRead = 0
    private var unreadable = 0
    private var flaws = 0
    /// Whether nothing more is to be written.
    private var isOver = false
    /// Why what there was could not be written.
    private var writeFailure: CallFailure?

    init(_ recording: String, _ options: Options) throws {
        self.recording = recording
        self.options = options
        source = try RecordingSource(recording, follows: options.follows)
        let isWatched = options.follows && source.directory != nil
        watch = try isWatched ? RecordingWatch(directory: source.directory ?? ".", output: options.output) : nil
        decoder = RecordingDecoder(lineBytesMax: options.lineBytesMax)
        transcript = Transcript(
            charactersMax: options.charactersMax,
            isColoured: options.isColoured,
            clock: options.clock
        )
        if options.showsProgress { progress = ProgressLine(total: source.total, at: ProgressLine.now) }
    }

    /// Reads it all.
    ///
    /// - Returns: whether all is well; `false` only of a check.
    /// - Throws: ``Failure`` or `CallFailure`.
    mutating func run() throws -> Bool {
        defer { if let erasure = progress?.erasure() { say(erasure) } }
        while !isOver, watch?.isInterrupted != true, let piece = try source.next() {
            switch piece {
            case .begins(let path): begin(path)
            case .bytes(let bytes): try take(bytes)
            case .startsOver:
                note("it was cut short, and is read from its beginning again", at: nil)
                decoder = RecordingDecoder(lineBytesMax: options.lineBytesMax)
            case .leftOut(let path, let why):
                self.path = path
                note("left out: \(why)", at: nil)
            case .ends(let name): try end(name)
            case .waits:
                flush()
                if watch?.wait() == false { isOver = true }
            }
        }
        return try finish()
    }

    private mutating func begin(_ path: String) {
        self.path = path
        decoder = RecordingDecoder(lineBytesMax: options.lineBytesMax)
        if let descriptor = source.descriptor { watch?.add(descriptor) }
    }

    private mutating func take(_ bytes: [UInt8]) throws {
        decoder.append(bytes[...])
        do throws(RecordingDecoder.NotARecording) {
            while let item = try decoder.next() { take(item) }
        } catch {
            try refuse(error)
            source.skip()
        }
        if text.count >= Self.outputBytes || options.follows { flush() }
        bytesRead += bytes.count
        if let line = progress?.line(bytes: bytesRead, at: ProgressLine.now) { say(line) }
    }

    private mutating func end(_ name: String) throws {
        do throws(RecordingDecoder.NotARecording) {
            if let item = try decoder.finish() { take(item) }
        } catch {
            try refuse(error)
        }
        sequence.end(name)
    }

    /// One file of a directory is left out; where there is only one, that is the end.
    private mutating func refuse(_ error: RecordingDecoder.NotARecording) throws {
        guard source.isDirectory else { throw Failure(text: "\(recording) is no recording: \(error)") }
        unreadable += 1
        note("left out, it is no recording: \(error)", at: nil)
    }

    private mutating func finish() throws -> Bool {
        var isSound = true
        if let erasure = progress?.erasure() { say(erasure) }
        switch options.form {
        case .text, .json: break
        case .statistics(let isJSON): text += isJSON ? statistics.json : statistics.text
        case .check:
            isSound = unreadable == 0 && flaws == 0 && !statistics.hasGaps && sequence.missing == 0
            text += (verdict(isSound) + "\n").utf8
        }
        flush()
        if let writeFailure { throw writeFailure }
        return isSound
    }

    /// Such as `vm0.qmprec: 12,345 entries in 2 segments, 3 clients, 0 gaps: sound`.
    private func verdict(_ isSound: Bool) -> String {
        let facts = [
            (unreadable, "unreadable", "unreadable"), (flaws, "out of order", "out of order"),
            (sequence.missing, "segment missing", "segments missing"),
            (statistics.repliesWithoutCommand, "reply without command", "replies without command"),
            (conversation.unanswered, "command without reply", "commands without reply"),
        ]
        let told = facts.filter { $0.0 > 0 }
            .map { "\($0.0.grouped) \($0.0 == 1 ? $0.1 : $0.2)" }.joined(separator: ", ")
        let word = isSound ? "sound" : "damaged"
        return "\(Readable.text(recording)): \(statistics.summary): \(word)\(told.isEmpty ? "" : " (\(told))")"
    }
}

// MARK: - Lines

extension ShowSession {
    private mutating func take(_ item: RecordingDecoder.Item) {
        switch item.content {
        case .header(let header): take(header, item)
        case .entry(let entry): take(entry, item)
        case .comment: break
        case .note(let note): self.note(note, at: item.line)
        case .flaw(let flaw):
            flaws += 1
            note(flaw, at: item.line)
        case .unreadable(let note):
            unreadable += 1
            self.note(note, at: item.line)
        }
    }

    private mutating func take(_ header: RecordingHeader, _ item: RecordingDecoder.Item) {
        if source.isDirectory || options.follows, let missing = sequence.missing(before: header) {
            note("it goes on from \(missing), which is not here", at: item.line)
        }
        conversation.take(header)
        switch options.form {
        case .text: transcript.append(header, to: &text)
        case .json: append(item.bytes)
        case .statistics, .check: statistics.take(header, bytes: item.bytes.count + 1)
        }
    }

    private mutating func take(_ entry: Entry, _ item: RecordingDecoder.Item) {
        if options.form == .json, options.filter == nil { return append(item.bytes) }
        let meaning = conversation.take(entry)
        if let filter = options.filter, !filter.matches(entry, meaning) { return }
        switch options.form {
        case .text: transcript.append(entry, meaning, to: &text)
        case .json: append(item.bytes)
        case .statistics, .check: statistics.take(entry, meaning, bytes: item.bytes.count + 1)
        }
    }

    private mutating func append(_ line: Bytes) {
        text += line
        text.append(UInt8(ascii: "\n"))
    }

    /// Says something of a line, behind all that came before it, as a terminal shows both.
    private mutating func note(_ note: String, at line: Int?) {
        flush()
        let place = line.map { ", line \($0)" } ?? ""
        let told = Readable.text("qmp-proxy: \(path)\(place): \(note)")
        say("\(progress?.erasure() ?? "")\(told)\n")
    }

    private func say(_ text: String) {
        _ = try? write(Array(text.utf8), to: options.errors)
    }

    private mutating func flush() {
        guard !isOver else { return text.removeAll() }
        do throws(CallFailure) {
            isOver = try !write(text, to: options.output)
        } catch {
            writeFailure = error
            isOver = true
        }
        text.removeAll(keepingCapacity: true)
    }
}
