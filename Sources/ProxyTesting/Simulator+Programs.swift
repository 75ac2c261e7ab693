internal import PluginKit
internal import ProxyCore
internal import QMP
internal import Recording

/// The shell's side of plugins' programs and of what they store.
extension Simulator {
    mutating func store(_ place: Int, _ number: Int, _ value: JSONValue) {
        guard let report = plugins.announced, report.word == .stores, report.place == place,
            value == .integer(Int64(report.tag.number))
        else { return violated("plugins", "stored, and no plugin has asked for it: \(value.written().text)") }
        plugins.announced = nil
        plugins.stores[number] = report.tag
        agenda.add(.stores(plugin: place, number: number), at: later(spread: 20))
    }

    mutating func stored(_ place: Int, _ number: Int) {
        handle(.stored(plugin: place, number: number, failure: generator.chance(20) ? "no space" : nil))
    }

    /// A program that says what it is told; some cannot be started, some do not read, some end by themselves.
    mutating func start(_ number: Int, _ arguments: [String]) {
        guard let report = plugins.announced, report.word == .starts, arguments.first == "echo" else {
            return violated("plugins", "started, and no plugin has asked for it: \(arguments)")
        }
        plugins.announced = nil
        let reads = generator.chance(70)
        plugins.programs[number] = SimulatorPlugins.Program(place: report.place, tag: report.tag, reads: reads)
        if generator.chance(20) {
            agenda.add(.programEnds(number, .notStarted(reason: "no such file")), at: later())
        } else if generator.chance(30) {
            agenda.add(.programEnds(number, .exited(status: 1)), at: later(spread: 100))
        }
    }

    /// A program is not started: one of that tag runs, or there are too many.
    mutating func checkNotStarted(_ report: SimulatorReport) {
        let programs = plugins.programs.values.filter { $0.place == report.place }
        guard phase != .stopping, phase != .over, programs.count < world.settings.limits.possessionsMax else { return }
        if !programs.contains(where: { $0.tag == report.tag }) { violated("plugins", "not started: \(report)") }
    }

    mutating func write(_ number: Int, _ line: Bytes) {
        guard let program = plugins.programs[number] else { return violated("plugins", "written to no program") }
        plugins.programs[number]?.unsent += line.count
        let most = world.settings.limits.programUnsentBytesMax + line.count
        if program.unsent > most { violated("plugins", "\(program.unsent) bytes wait for a program") }
        if program.reads { agenda.add(.programReads(number, line), at: later(spread: 5)) }
    }

    /// A program reads a line, and says it again.
    mutating func programReads(_ number: Int, _ line: Bytes) {
        guard let program = plugins.programs[number] else { return }
        plugins.programs[number]?.unsent -= line.count
        handle(.programUnsent(number, bytes: program.unsent - line.count))
        if generator.chance(10) { handle(.programComplained(number, "who is there?")) }
        if plugins.programs[number] != nil { handle(.programLine(number, line.dropLast())) }
    }

    mutating func endProgram(_ number: Int, _ end: ProgramEnd) {
        guard plugins.programs[number] != nil else { return }
        handle(.programEnded(number, end))
    }
}
