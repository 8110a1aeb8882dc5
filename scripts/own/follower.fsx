// Momentum contrast without a queue and without a predictor (He et al. 2020, 1911.05722, Algorithm 1, its dictionary being the batch; Chen et al. 2021, 2104.02057): each view finds, among
// the batch, what networks that follow make of the other view.
open System.Collections.Generic
open SimCLR
open SimCLR.Core.Methods
open TorchSharp
open type TorchSharp.torch.nn

type Follower(context: MethodContext, momentum: float, temperature: float) =
    let target = new Target(context, MomentumSchedule(momentum, momentum))
    let groups = context.Online.Groups()

    let branches =
        [|
            Branch(context.Online, [| 0 |])
            Branch(context.Online, [| 1 |])
            Branch(target.Networks, [| 0 |], WithGradient = false)
            Branch(target.Networks, [| 1 |], WithGradient = false)
        |]

    let find (view: Embedding) (other: Embedding) =
        let unit (embedding: Embedding) =
            functional.normalize embedding.Projection

        let scores = (unit view).mm((unit other).t()) / temperature.ToScalar()
        functional.cross_entropy (scores, torch.arange (scores.shape[0], device = scores.device))

    interface IMethod with
        member _.Networks = [| context.Online; target.Networks |]
        member _.Evaluated = context.Online
        member _.Groups = groups
        member _.Branches = branches
        member _.State = Dictionary target.Networks.State
        member _.Figures = Health.Figures

        member _.Collapses =
            [| Collapse.OfEmbeddings "Raise the temperature or the momentum." |]

        member _.Loss(embeddings, _) =
            find embeddings[0] embeddings[3] + find embeddings[1] embeddings[2]

        member _.Measure(loss, embeddings) =
            Health.Of(loss, embeddings[0].Projection)

        member _.AfterStep(_, input) = target.Follow input.Step
        member _.Dispose() = target.Dispose()

let follower =
    Method.Define(
        "follower",
        1,
        [ "momentum", 0.99; "temperature", 0.2 ],
        fun s context -> new Follower(context, s["momentum"], s["temperature"])
    )
