internal import PluginKit
internal import QMP
internal import Recording

/// A program that a plugin has started.
struct Program {
    let place: Int
    let tag: Tag
    /// What it has not read, in bytes.
    var unsent = 0
    /// Lines to its standard error since then.
    var complaints = 0
    var complaintsSince = Instant.zero
}

/// Plugins' programs.
extension ProxyEngine {
    mutating func start(_ arguments: [String], _ tag: Tag, of place: Int) {
        guard !isStopping else { return refuse(place, tag, "the proxy is stopping") }
        guard chain.places[place].programs[tag] == nil else {
            return refuse(place, tag, "a program of that tag runs")
        }
        guard chain.places[place].programs.count < limits.possessionsMax else {
            return refuse(place, tag, "\(limits.possessionsMax) programs are the most allowed")
        }
        guard !arguments.isEmpty else { return refuse(place, tag, "no program is named") }
        lastNumber += 1
        chain.places[place].programs[tag] = lastNumber
        programs[lastNumber] = Program(place: place, tag: tag)
        act(.startProgram(lastNumber, arguments))
    }

    mutating func write(_ line: Bytes, to tag: Tag, of place: Int) {
        guard let number = chain.places[place].programs[tag], let program = programs[number] else {
            return refuse(place, tag, "no such program")
        }
        guard !line.contains(0x0A) else { return refuse(place, tag, "a line has no line end in it") }
        guard line.count < limits.programUnsentBytesMax else {
            return refuse(place, tag, "a line of \(line.count) bytes is longer than \(limits.programUnsentBytesMax)")
        }
        guard program.unsent + line.count < limits.programUnsentBytesMax else {
            let most = "\(limits.programUnsentBytesMax) bytes are the most that wait for it"
            return refuse(place, tag, "the program does not read, and \(most)")
        }
        programs[number]?.unsent += line.count + 1
        act(.writeToProgram(number, line + [0x0A]))
    }

    /// What a program has to say to people is for the log, as far as that can be read.
    private mutating func complained(_ number: Int, _ text: String) {
        guard let program = programs[number] else { return }
        let name = chain.places[program.place].name
        if now >= program.complaintsSince + .seconds(1) {
            let left = program.complaints - limits.complaintsMax
            if left > 0 { log(.warning, "plugin \(name): \(left) lines more of its program are left out here") }
            programs[number]?.complaintsSince = now
            programs[number]?.complaints = 0
        }
        programs[number]?.complaints += 1
        guard let complaints = programs[number]?.complaints, complaints <= limits.complaintsMax else { return }
        log(.info, "plugin \(name): \(text.onOneLine)")
    }

    /// Something happened to a program.
    mutating func program(_ event: ProxyEvent) {
        switch event {
        case .programLine(let number, let line):
            guard let program = programs[number] else { return }
            chain.tell(program.place, .line(line, program.tag))
        case .programComplained(let number, let text):
            complained(number, text)
        case .programUnsent(let number, let bytes): programs[number]?.unsent = bytes
        case .programEnded(let number, let end):
            guard let program = programs.removeValue(forKey: number) else { return }
            chain.places[program.place].programs[program.tag] = nil
            log(.info, "plugin \(chain.places[program.place].name): the program \(end)")
            chain.tell(program.place, .answered(program.tag, .ended(end)))
        default: preconditionFailure("\(event) is nothing that happens to a program")
        }
    }
}

extension String {
    /// The text as a part of a line of the log: what others say must not pass for lines, nor steer a terminal.
    var onOneLine: String {
        // Nearly always there is nothing to be replaced.
        var text = self
        if text.withUTF8({ bytes in !bytes.contains { $0 < 0x20 || $0 >= 0x7F } }) { return self }
        let scalars = unicodeScalars.map { scalar -> Unicode.Scalar in
            scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) || [0x2028, 0x2029].contains(scalar.value)
                ? " " : scalar
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
