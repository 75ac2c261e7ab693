import ArgumentParser
import Glibc
import Recording

/// `qmp-proxy show`: a recording as text for people and for `grep`, as JSON for programs, or what it comes to.
struct Show: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    enum Colour: String, ExpressibleByArgument, CaseIterable {
        case auto, always, never
    }

    enum Time: String, ExpressibleByArgument, CaseIterable {
        case relative, utc
    }

    static let configuration = CommandConfiguration(
        abstract: "Print a recording, one line an entry.",
        discussion: """
            Each line says when, from where to where, the proxy's number of the command, what it is, how long the \
            reply took since the client asked, and the message. What cannot be read is told on standard error and left \
            out.

            EXAMPLES
              What client 1 asked that took QEMU longer than half a second:
                qmp-proxy show vm0.qmprec '~client 1 ~slower 500ms'
              What goes wrong from now on, also after the file was rotated:
                qmp-proxy show --follow vm0.qmprec '~error | ~event *_ERROR'
              A part of a recording as a recording:
                qmp-proxy show --format json vm0.qmprec '~x query-*' > part.qmprec

            FILTER: ! binds closer than &, that closer than |; terms side by side are all wanted; ( ) groups; words \
            may be quoted with ' or ". A word alone is ~text.
            \(FilterTerm.all.map(\.row).joined(separator: "\n"))

            The exit status is 0 when all went well, 1 on failure or when --check found damage, 64 on wrong usage.
            """
    )

    @Argument(
        help: "A file, a directory of segments, or - for standard input.",
        completion: .file(extensions: ["qmprec"])
    )
    var recording: String

    @Argument(help: "Which entries are wanted, such as '~x query-* & !~client 2'; all if left out.")
    var filter: String?

    @Flag(help: "Go on as the recording grows and is rotated, until interrupted.")
    var follow = false

    @Option(help: "text, or json: the lines as they stand in the recording.")
    var format = Format.text

    @Flag(help: "Print only whether the recording is whole.")
    var check = false

    @Flag(help: "Print only what it comes to: commands, latencies, events, errors, clients.")
    var stats = false

    @Flag(help: "Print messages in full, not only their first 200 characters.")
    var full = false

    @Option(help: "Whether colours are used; auto: on a terminal, unless NO_COLOR is set.")
    var color = Colour.auto

    @Option(help: "relative: seconds since the proxy was started; utc: date and time.")
    var time = Time.relative

    func validate() throws {
        if check, stats { throw ValidationError("--check and --stats do not go together.") }
        if check, follow { throw ValidationError("--check and --follow do not go together.") }
        if check, filter != nil { throw ValidationError("--check looks at all entries: leave FILTER out.") }
        _ = try entryFilter
    }

    func run() throws {
        // A reader that goes away is told by write(2) and ends the output, not the process.
        signal(SIGPIPE, SIG_IGN)
        let isWhole: Bool
        do {
            var session = try ShowSession(recording, options)
            isWhole = try session.run()
        } catch let failure as ShowSession.Failure {
            throw self.failure(failure.text)
        } catch let failure as CallFailure {
            throw self.failure(failure.description)
        }
        if !isWhole { throw ExitCode.failure }
    }

    private func failure(_ text: String) -> ExitCode {
        _ = try? write(Array("qmp-proxy: \(Readable.text(text))\n".utf8), to: STDERR_FILENO)
        return ExitCode.failure
    }

    private var entryFilter: EntryFilter? {
        get throws {
            do throws(EntryFilter.SyntaxError) {
                return try filter.map { (text) throws(EntryFilter.SyntaxError) in try EntryFilter(text) }
            } catch {
                throw ValidationError("\(error)")
            }
        }
    }

    private var options: ShowSession.Options {
        get throws {
            var options = ShowSession.Options()
            switch (check, stats, format) {
            case (true, _, _): options.form = .check
            case (_, true, let format): options.form = .statistics(isJSON: format == .json)
            case (_, _, .text): options.form = .text
            case (_, _, .json): options.form = .json
            }
            options.filter = try entryFilter
            options.charactersMax = full ? nil : 200
            options.isColoured = isColoured
            options.clock = time == .utc ? .utc : .relative
            options.follows = follow
            options.showsProgress =
                !follow && isatty(STDERR_FILENO) == 1 && (isatty(STDOUT_FILENO) == 0 || check || stats)
            return options
        }
    }

    private var isColoured: Bool {
        switch color {
        case .always: return true
        case .never: return false
        case .auto: return TerminalColour.isWanted
        }
    }
}

extension FilterTerm {
    /// Such as `  ~client N          all of that client's`.
    fileprivate var row: String {
        let term = argument.isEmpty ? name : "\(name) \(argument)"
        return "  \(term)\(String(repeating: " ", count: max(1, 19 - term.count)))\(help)"
    }
}
