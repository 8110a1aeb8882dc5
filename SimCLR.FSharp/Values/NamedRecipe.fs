namespace SimCLR

/// A published way to train, as a run.
[<RequireQualifiedAccess>]
type NamedRecipe =
    {
        Name: string
        /// Where its choices are written down.
        Source: string
        /// What the value cannot say: choices of the source that no field of a run holds.
        Unsaid: string list
        Run: Run
    }

    static member internal Of name run source unsaid =
        {
            NamedRecipe.Name = name
            NamedRecipe.Source = source
            NamedRecipe.Unsaid = unsaid
            NamedRecipe.Run = run
        }
