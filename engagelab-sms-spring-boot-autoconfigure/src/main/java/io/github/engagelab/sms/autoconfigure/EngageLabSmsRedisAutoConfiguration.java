package io.github.engagelab.sms.autoconfigure;

import io.github.engagelab.sms.cluster.RedisSmsBalanceStore;
import io.github.engagelab.sms.cluster.SmsBalanceStore;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.env.Environment;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.util.StringUtils;

/**
 * {@link AutoConfiguration Auto-configuration} for a {@link SmsBalanceStore} on the
 * application's Redis. The bean is always defined, as the switch is not known before run
 * time, but created only if polls are shared.
 */
@AutoConfiguration(afterName = "org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration")
@ConditionalOnClass(StringRedisTemplate.class)
@ConditionalOnSingleCandidate(RedisConnectionFactory.class)
public final class EngageLabSmsRedisAutoConfiguration {

	@Bean
	@Lazy
	@ConditionalOnMissingBean(SmsBalanceStore.class)
	RedisSmsBalanceStore engageLabSmsBalanceStore(RedisConnectionFactory connectionFactory,
			EngageLabSmsProperties properties, Environment environment) {
		String name = properties.cluster().name();
		if (!StringUtils.hasText(name)) {
			name = environment.getProperty("spring.application.name");
		}
		if (!StringUtils.hasText(name)) {
			throw new InvalidEngageLabSmsPropertyException("engagelab.sms.cluster.name",
					"neither it nor spring.application.name is set",
					"Set engagelab.sms.cluster.name to a name that all instances of this application have in common.");
		}
		return new RedisSmsBalanceStore(connectionFactory, name);
	}

}
