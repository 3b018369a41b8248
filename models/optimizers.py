"""Rectified Adam and Lookahead as Keras 3 optimizers.

Arguments, defaults and steps are those of tensorflow-addons 0.23. All state lies in Keras variables, so that it is saved
and resumed with the model, and works on every backend.
"""

import warnings

import keras
from keras import ops


def _value(variable):
    return ops.convert_to_tensor(variable)


@keras.saving.register_keras_serializable(package="action_recognition")
class RectifiedAdam(keras.optimizers.Optimizer):
    """Adam whose adaptive step is left out while too few steps were seen to trust it (RAdam, arXiv 1908.03265).

    With `total_steps` the learning rate rises linearly from 0 for the first ``total_steps * warmup_proportion`` steps,
    then falls linearly to `min_lr`.

    Args:
        learning_rate: number, or a `keras.optimizers.schedules.LearningRateSchedule`.
        beta_1, beta_2: decay rates of the first and second moment, from 0 to below 1.
        epsilon: small constant beside the root of the second moment.
        weight_decay: decay per step, as a part of the step: a step is learning_rate × (direction + weight_decay ×
            weight), so it follows the warm-up. Keras' own argument of this name, which acts before the step and knows no
            warm-up, is not used.
        amsgrad: use the largest second moment seen so far.
        sma_threshold: length of the simple moving average from which the adaptive step is used.
        total_steps: steps of the whole training, for warm-up; 0 = no warm-up.
        warmup_proportion: share of `total_steps` in which the learning rate rises.
        min_lr: learning rate at the end of `total_steps`.
        name: name of the optimizer.
        **kwargs: clipnorm, clipvalue, global_clipnorm, use_ema … of `keras.optimizers.Optimizer`.
    """

    def __init__(
        self,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-7,
        weight_decay=0.0,
        amsgrad=False,
        sma_threshold=5.0,
        total_steps=0,
        warmup_proportion=0.1,
        min_lr=0.0,
        name="RectifiedAdam",
        **kwargs,
    ):
        super().__init__(learning_rate=learning_rate, weight_decay=None, name=name, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.step_weight_decay = weight_decay
        self.amsgrad = amsgrad
        self.sma_threshold = sma_threshold
        self.total_steps = total_steps
        self.warmup_proportion = warmup_proportion
        self.min_lr = min_lr
        self._scalars = None

    def build(self, variables):
        """Make the moments of `variables`, a list of `keras.Variable`."""
        if self.built:
            return
        super().build(variables)
        self._m = self.add_optimizer_variables(variables, "m")
        self._v = self.add_optimizer_variables(variables, "v")
        if self.amsgrad:
            self._vhat = self.add_optimizer_variables(variables, "vhat")

    def apply(self, grads, trainable_variables=None):
        """Move the weights by one step; see `keras.optimizers.Optimizer.apply`."""
        self._scalars = None
        super().apply(grads, trainable_variables)
        self._scalars = None

    def update_step(self, gradient, variable, learning_rate):
        """Move `variable` by one step. `gradient` has its shape."""
        if self._scalars is None:  # once for all variables: a graph with them for each takes seconds longer to make
            self._scalars = self._schedule(learning_rate)
        dtype = variable.dtype
        index = self._get_variable_index(variable)
        gradient = ops.cast(gradient, dtype)
        rate, correction_1, correction_2, rectification = (ops.cast(value, dtype) for value in self._scalars)
        m = self.beta_1 * self._m[index] + (1 - self.beta_1) * gradient
        v = self.beta_2 * self._v[index] + (1 - self.beta_2) * ops.square(gradient)
        self.assign(self._m[index], m)
        self.assign(self._v[index], v)
        if self.amsgrad:
            v = ops.maximum(self._vhat[index], v)
            self.assign(self._vhat[index], v)
        m = m / correction_1
        adaptive = rectification * m / (ops.sqrt(v / correction_2) + self.epsilon)
        step = ops.where(rectification > 0, adaptive, m)
        if self.step_weight_decay > 0 and self._use_weight_decay(variable):
            step = step + self.step_weight_decay * variable
        self.assign_sub(variable, rate * step)

    def _schedule(self, learning_rate):
        """This step's scalars in float32: learning rate, corrections of both moments, rectification (0 = not yet)."""
        step = ops.cast(self.iterations + 1, "float32")
        beta_1, beta_2 = ops.cast(self.beta_1, "float32"), ops.cast(self.beta_2, "float32")
        power_2 = ops.power(beta_2, step)
        longest = 2.0 / (1.0 - beta_2) - 1.0
        length = longest - 2.0 * step * power_2 / (1.0 - power_2)  # of the simple moving average
        ratio = (length - 4.0) / (longest - 4.0) * (length - 2.0) / (longest - 2.0) * longest / length
        rectification = ops.where(length >= self.sma_threshold, ops.sqrt(ops.maximum(ratio, 0.0)), 0.0)
        return self._warmed_up(ops.cast(learning_rate, "float32"), step), 1.0 - ops.power(beta_1, step), 1.0 - power_2, rectification

    def _warmed_up(self, rate, step):
        if not self.total_steps:
            return rate
        rising = self.total_steps * self.warmup_proportion
        falling = max(self.total_steps - rising, 1)
        slope = (self.min_lr - rate) / falling
        fallen = rate + slope * ops.minimum(step - rising, falling)
        return ops.where(step <= rising, rate * (step / max(rising, 1e-7)), fallen)

    def get_config(self):
        """The constructor's arguments."""
        return super().get_config() | {
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "weight_decay": self.step_weight_decay,
            "amsgrad": self.amsgrad,
            "sma_threshold": self.sma_threshold,
            "total_steps": self.total_steps,
            "warmup_proportion": self.warmup_proportion,
            "min_lr": self.min_lr,
        }


@keras.saving.register_keras_serializable(package="action_recognition")
class Lookahead(keras.optimizers.Optimizer):
    """k steps forward, one step back (arXiv 1907.08610).

    The inner optimizer moves the weights; every `sync_period` steps they go back to a point between where they were at
    the last synchronisation and where they are now.

    Args:
        optimizer: the inner `keras.optimizers.Optimizer`. Clipping, weight decay and the like are its arguments.
        sync_period: steps between two synchronisations, at least 1.
        slow_step_size: share of the way forward that is kept, from 0 to 1.
        name: name of the optimizer.
    """

    def __init__(self, optimizer, sync_period=6, slow_step_size=0.5, name="Lookahead"):
        super().__init__(learning_rate=0.0, name=name)
        self.inner_optimizer = optimizer
        self.sync_period = sync_period
        self.slow_step_size = slow_step_size

    def build(self, variables):
        """Make the slow weights of `variables`, a list of `keras.Variable`, and build the inner optimizer."""
        if self.built:
            return
        super().build(variables)
        self.inner_optimizer.build(variables)
        self._slow = self.add_optimizer_variables(variables, "slow")

    @property
    def variables(self):
        """State of this optimizer and of the inner one."""
        return self._variables + self.inner_optimizer.variables

    def apply(self, grads, trainable_variables=None):
        """Move the weights by one step; see `keras.optimizers.Optimizer.apply`."""
        variables = self._trainable_variables if trainable_variables is None else list(trainable_variables)
        if not self.built:
            self.build(variables)
        slow = [self._slow[self._get_variable_index(variable)] for variable in variables]
        # Not at build time: weights may be loaded between building and the first step.
        first = ops.equal(self._iterations, 0)
        starts = [ops.where(first, _value(variable), _value(kept)) for variable, kept in zip(variables, slow, strict=True)]
        self.inner_optimizer.apply(grads, variables)
        self._iterations.assign_add(1)
        period = self.sync_period * (self.inner_optimizer.gradient_accumulation_steps or 1)
        synchronise = ops.equal(self._iterations % period, 0)
        for variable, kept, start in zip(variables, slow, starts, strict=True):
            now = _value(variable)
            between = start + self.slow_step_size * (now - start)
            self.assign(kept, ops.where(synchronise, between, start))
            self.assign(variable, ops.where(synchronise, between, now))

    @property
    def learning_rate(self):
        """The inner optimizer's learning rate."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate):
        self.inner_optimizer.learning_rate = learning_rate

    def scale_loss(self, loss):
        """Scale the loss as the inner optimizer wants it."""
        return self.inner_optimizer.scale_loss(loss)

    def finalize_variable_values(self, var_list):
        """What the inner optimizer does at the end of training."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def save_own_variables(self, store):
        """Store this optimizer's own state; Keras stores the inner optimizer's beside it."""
        for i, variable in enumerate(self._variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store):
        """Restore what `save_own_variables` stored; a model saved before its first step has no state to restore."""
        if len(store.keys()) != len(self._variables):
            warnings.warn(f"{self.name} starts anew: it has {len(self._variables)} variables, the file {len(store.keys())}", stacklevel=2)
            return
        for i, variable in enumerate(self._variables):
            variable.assign(store[str(i)])

    def get_config(self):
        """The constructor's arguments."""
        return {
            "name": self.name,
            "optimizer": keras.saving.serialize_keras_object(self.inner_optimizer),
            "sync_period": self.sync_period,
            "slow_step_size": self.slow_step_size,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The optimizer that `get_config` described."""
        inner = keras.saving.deserialize_keras_object(config["optimizer"], custom_objects=custom_objects)
        return cls(**(config | {"optimizer": inner}))
