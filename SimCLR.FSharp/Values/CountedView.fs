namespace SimCLR

/// A view that every image has several of, each drawn by itself.
[<RequireQualifiedAccess>]
type CountedView = { View: View; Count: int }

/// Views that stand beside a pair: the local crops of multi-crop (SwAV, 2006.09882, section 3.3).
[<RequireQualifiedAccess>]
module CountedView =

    /// So many of that view.
    let times count view : CountedView = { View = view; Count = count }

    /// What is wrong with the views of images of so many channels and that side, where it is known.
    let internal problems channels size name (views: CountedView list) =
        [
            for i, counted in List.indexed views do
                let name = $"{name}[{i}]"
                yield! Check.between $"{name}.Count" 1 64 counted.Count
                yield! View.problems $"{name}.View" counted.View
                yield! View.orderProblems $"{name}.View" counted.View
                yield! View.channelProblems channels $"{name}.View" counted.View

                match size with
                | Some size -> yield! View.cropProblems size $"{name}.View" counted.View
                | None -> ()
        ]
