public import PluginKit
internal import QMP

/// Whether a plugin keeps to what the proxy expects of every plugin.
///
/// It is told whatever it may be told, in an order that looks random and is the same each time: commands, replies and
/// events, known ones and others, monitors that come and go, and what comes of what it has begun. Meanwhile:
///
/// - A copy of it, told the same, says the same; so does a new one with the same settings.
/// - Commands, replies and events that nobody knows pass. A tag that it has not given means nothing.
/// - When nothing that it asks for is done, it waits: for a timer, or for something else to happen.
/// - It holds commands for some time between nothing and 10 minutes, and releases once what it holds. What it puts in
///   the place of a command is no other kind of command, of an event it is an event. It answers all its own commands,
///   and no sooner than it is asked for that.
/// - It refuses a setting that it does not know, and names it. Its state, marks and log lines tell no secret.
///
/// ```swift
/// #expect(PluginCompatTest(QuietPlugin.self).run() == [])
/// ```
public struct PluginCompatTest {
    /// What the plugin is told besides what is told to all, so that it comes to what the plugin is for.
    public struct Words: Sendable {
        /// Commands, such as `{"execute": "screendump"}`.
        public var commands: [String]
        /// Events, such as `{"event": "DEVICE_DELETED"}`.
        public var events: [String]
        /// Lines of its programs; where one has ``number``, it is the number of a command that was asked of late.
        public var lines: [String]
        /// Stands in ``lines`` for the number of a command.
        public static let number = "$NUMBER"

        /// These, and nothing where nothing is said.
        public init(commands: [String] = [], events: [String] = [], lines: [String] = []) {
            self.commands = commands
            self.events = events
            self.lines = lines
        }
    }

    /// Something that the plugin does and may not do.
    public struct Violation: Sendable, Equatable, CustomStringConvertible {
        /// What it is.
        public let sentence: String
        /// What the plugin was told and said before, the last of it; a line a call, behind it what came of it.
        public let transcript: [String]

        /// The sentence, and the transcript below it.
        public var description: String { ([sentence] + transcript).joined(separator: "\n") }
    }

    /// Calls of one life of the plugin: enough that each kind of call comes several times.
    private static let callsPerLife = 120
    /// How often, in a hundred calls, the plugin is copied, and how often something is tried out on a copy.
    private static let trialsPerHundred = 6

    let type: any Plugin.Type
    let settings: PluginSettings
    let refusesUnknown: Bool
    let words: Words
    let seeds: Range<UInt64>

    /// A test of a plugin.
    ///
    /// - Parameters:
    ///   - type: the plugin.
    ///   - settings: what an operator has set.
    ///   - refusesUnknown: whether it may refuse commands that nobody knows, since that is what it is for.
    ///   - words: what it is told besides.
    ///   - seeds: each gives another order of things.
    public init(
        _ type: any Plugin.Type,
        settings: PluginSettings = PluginSettings(),
        refusesUnknown: Bool = false,
        words: Words = Words(),
        seeds: Range<UInt64> = 0..<10
    ) {
        self.type = type
        self.settings = settings
        self.refusesUnknown = refusesUnknown
        self.words = words
        self.seeds = seeds
    }

    /// Tests the plugin.
    ///
    /// - Returns: what it does and may not do, each once, from the first seed that shows any; empty if all is well.
    public func run() -> [Violation] {
        var found = declarationViolations() + wordViolations()
        do throws(PluginSettings.Invalid) {
            _ = try type.init(settings: settings)
            found += settingsViolations()
            for seed in seeds where found.isEmpty { found = try violations(seed: seed) }
        } catch {
            found.append(Violation(sentence: "does not take its settings: \(error)", transcript: []))
        }
        return found.reduce(into: []) { all, violation in
            if !all.contains(where: { $0.sentence == violation.sentence }) { all.append(violation) }
        }
    }

    /// Lets the plugin live, and once more with what it has stored.
    private func violations(seed: UInt64) throws(PluginSettings.Invalid) -> [Violation] {
        var author = PluginCallAuthor(seed: seed, type: type, words: words)
        var (stored, found) = try live(restored: nil, &author)
        if stored != nil, found.isEmpty { (stored, found) = try live(restored: stored, &author) }
        return found
    }

    private func live(
        restored: JSONValue?,
        _ author: inout PluginCallAuthor
    ) throws(PluginSettings.Invalid) -> (stored: JSONValue?, found: [Violation]) {
        var run = PluginRun(try PluginInstance(type, settings: settings))
        var world = PluginWorld(of: type)
        var copies: [PluginRun] = []
        var found: [Violation] = []
        var next = PluginCall.started(restored: restored)
        while run.steps.count < Self.callsPerLife, found.isEmpty {
            world.take(run.tell(next, at: world.now), to: next)
            found += world.faults.map { violation($0, run) }
            if author.generator.chance(Self.trialsPerHundred) { copies.append(run) }
            if author.generator.chance(Self.trialsPerHundred) { found += unknownViolations(run, world, author) }
            if author.generator.chance(Self.trialsPerHundred) { found += persistenceViolations(run, world, author) }
            next = author.next(in: &world)
        }
        let other = PluginRun(try PluginInstance(type, settings: settings))
        return (world.stored, found + differences(copies, other, run) + secretViolations(run))
    }

    /// Tells copies, and another plugin of its kind, what the plugin was told.
    private func differences(_ copies: [PluginRun], _ other: PluginRun, _ run: PluginRun) -> [Violation] {
        for copy in copies {
            var copy = copy
            guard let difference = copy.differs(from: run.steps[copy.steps.count...]) else { continue }
            let sentence = "a copy of it, told the same, does not say the same"
            return [Violation(sentence: sentence, transcript: difference)]
        }
        var other = other
        guard let difference = other.differs(from: run.steps) else { return [] }
        let sentence = "another one with the same settings, told the same, does not say the same"
        return [Violation(sentence: sentence, transcript: difference)]
    }
}
