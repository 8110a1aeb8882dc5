namespace SimCLR

open System.Globalization

/// The language of the system, which must not change an experiment.
[<RequireQualifiedAccess>]
module Culture =

    /// From here on this process reads and writes numbers in the same way on every machine: 0.25, whatever its language. All commands do this, and
    /// scripts that load references.fsx; a program of one's own that prints or reports does it first.
    let useInvariant () =
        CultureInfo.DefaultThreadCurrentCulture <- CultureInfo.InvariantCulture
        CultureInfo.CurrentCulture <- CultureInfo.InvariantCulture
