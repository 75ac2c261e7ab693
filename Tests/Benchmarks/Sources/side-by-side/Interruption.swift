import Foundation

/// Ends the program, and all it started, on Ctrl-C and its like.
struct Interruption {
    static let signals = [SIGINT, SIGTERM, SIGHUP]

    private let sources: [any DispatchSourceSignal]

    init() {
        sources = Self.signals.map { number in
            // A dispatch source only sees what does not already end the program.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                RunningProcesses.shared.close()
                // As the shell expects of a program that a signal ended.
                exit(128 + number)
            }
            source.resume()
            return source
        }
    }

    func cancel() {
        for source in sources {
            source.cancel()
        }
    }
}
