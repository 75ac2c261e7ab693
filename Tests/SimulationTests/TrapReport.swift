import Foundation
import Synchronization

/// Says which seed it was when the engine traps, since then nobody else can.
enum TrapReport {
    private static let seed = Atomic<UInt64>(0)

    /// Notes the seed that is about to run.
    static func note(seed: UInt64) {
        self.seed.store(seed, ordering: .relaxed)
    }

    /// Has the seed written to standard error on a trap, which then takes its course.
    static func install() {
        for trap in [SIGILL, SIGTRAP] {
            signal(trap) { trap in
                TrapReport.write(text: "SIMULATION_FIRST_SEED=")
                TrapReport.write(number: TrapReport.seed.load(ordering: .relaxed))
                TrapReport.write(text: " SIMULATION_SEEDS=1 SIMULATION_TRACE=1: the engine trapped\n")
                signal(trap, SIG_DFL)
            }
        }
    }

    private static func write(text: StaticString) {
        _ = Foundation.write(2, text.utf8Start, text.utf8CodeUnitCount)
    }

    /// Writes digits without memory of its own: this is a signal handler.
    private static func write(number: UInt64) {
        if number >= 10 { write(number: number / 10) }
        var digit = UInt8(0x30 + number % 10)
        _ = Foundation.write(2, &digit, 1)
    }
}
