import ArgumentParser

/// What a run may be narrowed to.
enum Part: Equatable, ExpressibleByArgument {
    /// A load on every contender.
    case load(Scenario)
    /// Reading recordings.
    case show
    /// How soon the plugin `colo` acts on COLO_EXIT.
    case coloExit

    init?(argument: String) {
        if argument == "show" {
            self = .show
        } else if argument == "colo-exit" {
            self = .coloExit
        } else if let scenario = Scenario(argument: argument) {
            self = .load(scenario)
        } else {
            return nil
        }
    }

    static var allValueStrings: [String] {
        Scenario.allValueStrings + ["show", "colo-exit"]
    }
}
