internal import PluginKit
internal import QMP

extension RunbookRun {
    /// The command that is never sent twice.
    static let migrate = "migrate"

    /// What QEMU is asked before `migrate`.
    enum Look: Sendable, Equatable {
        /// `query-migrate`: whether one is under way.
        case migration
        /// `query-status`: whether the guest is in a state from which one can begin.
        case status
    }

    /// Asks QEMU.
    mutating func look(_ look: Look) -> [RunbookAction] {
        state = .looking(look)
        let query: StaticString =
            switch look {
            case .migration: "query-migrate"
            case .status: "query-status"
            }
        return [execute(Command(query), within: RunbookLimits.reply)]
    }

    /// Decides by QEMU's answer whether `migrate` is sent.
    ///
    /// While COLO runs a second one is answered with an error, yet it resets the migration and with it COLO
    /// (migration/migration.c, `migrate_init` before the yank instance is registered).
    mutating func looked(at look: Look, _ answer: Answer) -> [RunbookAction] {
        guard case .success(let value) = answer else { return fail(answer.failureText) }
        let status = value["status"]?.string ?? "none"
        switch look {
        case .migration: return looked(atMigration: status, value["error-desc"]?.string)
        case .status:
            let unfit = ["inmigrate", "finish-migrate", "postmigrate", "colo", "internal-error", "shutdown"]
            guard !unfit.contains(status) else { return fail("query-status says \(status): migrate is not sent") }
            return send()
        }
    }

    private mutating func looked(atMigration status: String, _ error: String?) -> [RunbookAction] {
        switch status {
        // What is left of the session before: a failover ends in `completed`.
        case "none", "completed", "cancelled": return look(.status)
        case "failed" where isRepeated: return fail("the migration has failed: \(error ?? "no reason is told")")
        case "failed": return look(.status)
        default:
            guard isRepeated else { return fail("a migration is under way already, its status is \(status)") }
            return step.wait == nil ? next() : wait(askingFirst: true)
        }
    }
}
