internal import Foundation
internal import Recording

/// Puts proxies before a pair, and tells what they record.
struct DemoShow {
    private let pair: any DemoPair
    private let programs: DemoPrograms
    private let watch: RecordingWatch
    private var sources: [DemoSource]
    private var story = DemoStory(isColoured: TerminalColour.isWanted)

    init(_ pair: any DemoPair, _ programs: DemoPrograms) throws {
        self.pair = pair
        self.programs = programs
        watch = try RecordingWatch(directory: programs.folder, output: STDOUT_FILENO)
        sources = DemoStory.hosts.map { DemoSource(host: $0, path: programs.path("\($0).qmprec")) }
    }

    /// Shows it from its beginning to its end.
    ///
    /// - Returns: whether all went as it should; `false` when somebody has ended it before.
    /// - Throws: what went otherwise.
    mutating func run() throws -> Bool {
        try say(story.title("\(pair.title); before each stands a proxy with the COLO plugin"))
        try pair.start()
        let configuration = programs.path("qmp-proxy.yaml")
        try Data(yaml.utf8).write(to: URL(filePath: configuration))
        try programs.startProxy("qmp-proxy", ["serve", "--config", configuration])
        let start = ProgressLine.now
        var (chapter, since) = (story.chapter, start)
        while story.chapter != .again {
            guard watch.wait() else { return false }
            for told in try read() {
                guard try say(story.take(told.entry, told.meaning, of: told.host)) else { return false }
            }
            if let failure = story.failure { throw Demo.Failure(text: failure) }
            if let ended = programs.ended { throw Demo.Failure(text: "\(ended) has ended too soon") }
            let now = ProgressLine.now
            if story.chapter != chapter { (chapter, since) = (story.chapter, now) }
            try pair.act(in: chapter, after: now.seconds(since: since))
            guard now.seconds(since: start) < pair.secondsMax else {
                throw Demo.Failure(text: "after \(Int(pair.secondsMax)) s still wanted: \(story.wanted)")
            }
        }
        return try say(story.figures)
    }

    /// What is new in both recordings, in the order of time.
    private mutating func read() throws -> [DemoSource.Told] {
        var told: [DemoSource.Told] = []
        for index in sources.indices { told += try sources[index].read(watch) }
        return told.enumerated()
            .sorted { ($0.element.entry.time, $0.offset) < ($1.element.entry.time, $1.offset) }
            .map(\.element)
    }

    @discardableResult
    private func say(_ text: String) throws -> Bool {
        try write(Array(text.utf8), to: STDOUT_FILENO)
    }

    /// One process serves both, so that there is one clock; else each would stand on a host of its own.
    private var yaml: String {
        let addresses = ["a": "127.0.0.1", "b": "127.0.0.2"]
        let monitors = zip(DemoStory.hosts, DemoStory.hosts.reversed()).map { host, peer in
            let (own, other) = (addresses[host] ?? "", addresses[peer] ?? "")
            let settings =
                [
                    "peer: 'unix:\(programs.path("\(peer).sock"))'", "host: \(own)", "loop-host: \(own)",
                    "peer-host: \(other)", "start: auto", "arbiter: none",
                ] + pair.settings
            return """
                  - name: \(host)
                    qemu: 'unix:\(programs.path("qemu-\(host).sock"))'
                    listen: ['unix:\(programs.path("\(host).sock"))']
                    record: '\(programs.path("\(host).qmprec"))'
                    no-redaction: true
                    state: '\(programs.path("state"))'
                    plugins:
                      - colo: { \(settings.joined(separator: ", ")) }
                """
        }
        return "monitors:\n\(monitors.joined(separator: "\n"))\n"
    }
}

/// A recording that is being written, as far as it is read.
struct DemoSource {
    /// Something that it tells.
    struct Told {
        let host: String
        let entry: Entry
        let meaning: Meaning
    }

    let host: String
    let path: String
    private var file: FileHandle?
    private var decoder = RecordingDecoder()
    private var conversation = Conversation()

    init(host: String, path: String) {
        self.host = host
        self.path = path
    }

    /// What is new in it.
    mutating func read(_ watch: RecordingWatch) throws -> [Told] {
        if file == nil {
            file = FileHandle(forReadingAtPath: path)
            if let file { watch.add(file.fileDescriptor) }
        }
        guard let data = try file?.readToEnd() else { return [] }
        decoder.append([UInt8](data)[...])
        var told: [Told] = []
        while let item = try decoder.next() {
            if case .header(let header) = item.content { conversation.take(header) }
            guard case .entry(let entry) = item.content else { continue }
            told.append(Told(host: host, entry: entry, meaning: conversation.take(entry)))
        }
        return told
    }
}
